package rivulet;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import rivulet.access.Hosts;
import rivulet.access.Limits;
import rivulet.access.Tokens;
import rivulet.access.TrustedProxies;
import rivulet.feed.Upstream;

/**
 * Who may call, and how much: those of the settings.
 *
 * @param models those that a caller may name, each a name or a beginning followed by {@code *}; empty: any
 * @param maxConnectionsPerAddress empty: as many as {@link Connections} finds usual
 * @param head how long a request's head may take
 * @param body how long a request's body may take
 */
record AccessConfig(
        Tokens tokens,
        Hosts hosts,
        TrustedProxies proxies,
        List<String> models,
        Limits.Most most,
        int maxViewers,
        Optional<Integer> maxConnectionsPerAddress,
        Duration head,
        Duration body) {

    /** Whether a caller may name that model. */
    boolean allows(String model) {
        return Upstream.isNamed(model, models);
    }

    /** What the settings say. */
    static AccessConfig read(SettingValues values) {
        return new AccessConfig(
                tokens(values),
                hosts(values),
                proxies(values),
                values.list(Setting.MODELS),
                new Limits.Most(
                        values.number(Setting.REQUESTS_PER_MINUTE, 0, 1_000_000),
                        values.number(Setting.STREAMS_PER_CALLER, 0, 1_000_000),
                        values.number(Setting.OUTPUT_TOKENS_PER_DAY, 0, Integer.MAX_VALUE)),
                values.number(Setting.MAX_VIEWERS, 1, 1_000_000),
                values.text(Setting.MAX_CONNECTIONS_PER_ADDRESS).isEmpty()
                        ? Optional.empty()
                        : Optional.of(values.number(Setting.MAX_CONNECTIONS_PER_ADDRESS, 1, 1_000_000)),
                values.positive(Setting.HEAD_TIMEOUT),
                values.positive(Setting.BODY_TIMEOUT));
    }

    /**
     * Refuses to put somebody's paid key on the network for everyone.
     *
     * @param key whether an upstream is asked with a key
     */
    void requireGuarded(SettingValues values, boolean loopback, boolean key) {
        boolean open = !values.text(Setting.OPEN).isEmpty();
        if (open) {
            values.choice(Setting.OPEN, "i-know");
        }
        if (!loopback && key && !tokens.required() && !open) {
            throw new SettingError("HOST=" + values.text(Setting.HOST)
                    + " lets strangers spend your key: set ACCESS_TOKENS=name:token to say who may call,"
                    + " or OPEN=i-know if something else does");
        }
    }

    private static Tokens tokens(SettingValues values) {
        try {
            return Tokens.of(values.list(Setting.ACCESS_TOKENS));
        } catch (IllegalArgumentException e) {
            throw new SettingError(Setting.ACCESS_TOKENS + ": " + e.getMessage());
        }
    }

    private static Hosts hosts(SettingValues values) {
        try {
            return new Hosts(values.text(Setting.HOST), values.list(Setting.HOSTS));
        } catch (IllegalArgumentException e) {
            throw SettingError.invalid(Setting.HOSTS.name(), String.valueOf(e.getMessage()), Hosts.FORM);
        }
    }

    private static TrustedProxies proxies(SettingValues values) {
        try {
            return TrustedProxies.of(values.list(Setting.TRUSTED_PROXIES));
        } catch (IllegalArgumentException e) {
            throw SettingError.invalid(
                    Setting.TRUSTED_PROXIES.name(), String.valueOf(e.getMessage()), TrustedProxies.FORM);
        }
    }
}
