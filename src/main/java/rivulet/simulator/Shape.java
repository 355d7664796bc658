package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** An answer in the form of one of the APIs. */
interface Shape {
    /** Seconds since 1970 of every answer: the same request gets the same bytes. */
    long CREATED = 1_767_225_600;

    /** The answer as one object. */
    ObjectNode whole();

    /** The answer as a stream of events, from the first to the terminal marker. */
    List<Frame> events();

    /** How a stream ends when the server fails after so many events. */
    List<Frame> failure(int eventsBefore);
}
