package rivulet.telemetry;

/** How a line of the access log is written. */
public enum LineFormat {
    /** Not at all. */
    OFF,
    /** {@code name=value name="a value"}, as Heroku has it and Loki and others read it. */
    LOGFMT,
    /** One JSON object. */
    JSON
}
