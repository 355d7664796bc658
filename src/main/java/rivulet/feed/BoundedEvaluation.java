package rivulet.feed;

import com.networknt.schema.Error;
import com.networknt.schema.ExecutionConfig;
import com.networknt.schema.ExecutionContext;
import com.networknt.schema.annotation.Annotation;
import com.networknt.schema.annotation.Annotations;
import java.time.Duration;
import java.util.Locale;

/**
 * One evaluation of a schema, with a bound on its work: the library tells of each step here. A schema comes from a caller,
 * and a short one can ask for a number of steps that doubles with each of its lines. Of one thread, which throws
 * {@link TooMuch} where the bound is reached.
 */
final class BoundedEvaluation extends ExecutionContext {
    /** More than the largest answer takes with a schema that somebody means, and about a second. */
    private static final int MOST_STEPS = 10_000_000;
    /** What is kept to the end, such as an error in one of several choices, counts as so many: it takes memory. */
    private static final int STEPS_FOR_KEPT = 40;
    /** For the steps that take long, such as looking for each of a hundred thousand names. */
    private static final Duration MOST_TIME = Duration.ofSeconds(10);

    private final long sinceNanos = System.nanoTime();
    private final Annotations annotations = new Annotations() {
        @Override
        public void put(Annotation annotation) {
            spend(STEPS_FOR_KEPT);
            super.put(annotation);
        }
    };
    private int steps;

    /** An evaluation that ends at the first violation, which is told in English. */
    BoundedEvaluation() {
        super(ExecutionConfig.builder().locale(Locale.ENGLISH).failFast(true).build());
    }

    @Override
    public void evaluationPathAddLast(String token) {
        spend(1);
        super.evaluationPathAddLast(token);
    }

    @Override
    public void evaluationPathAddLast(int token) {
        spend(1);
        super.evaluationPathAddLast(token);
    }

    @Override
    public void addError(Error error) {
        spend(STEPS_FOR_KEPT);
        super.addError(error);
    }

    @Override
    public Annotations getAnnotations() {
        return annotations;
    }

    private void spend(int more) {
        steps += more;
        if (steps > MOST_STEPS || System.nanoTime() - sinceNanos > MOST_TIME.toNanos()) {
            throw new TooMuch("it takes too much to check");
        }
    }
}
