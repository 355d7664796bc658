package rivulet;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the rooms run one way: feed to log, wire to log; and each library stays in its room. */
@AnalyzeClasses(packages = "rivulet", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule THE_LOG_KNOWS_NOBODY = noClasses()
            .that()
            .resideInAPackage("rivulet.log")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("rivulet", "rivulet.feed", "rivulet.wire", "rivulet.simulator");

    @ArchTest
    static final ArchRule FEED_AND_WIRE_NEVER_MEET = noClasses()
            .that()
            .resideInAPackage("rivulet.feed")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("rivulet", "rivulet.wire", "rivulet.simulator");

    @ArchTest
    static final ArchRule WIRE_KNOWS_ONLY_THE_LOG = noClasses()
            .that()
            .resideInAPackage("rivulet.wire")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("rivulet", "rivulet.feed", "rivulet.simulator");

    @ArchTest
    static final ArchRule THE_SIMULATOR_KNOWS_NO_STREAM = noClasses()
            .that()
            .resideInAPackage("rivulet.simulator")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("rivulet", "rivulet.feed", "rivulet.log");

    @ArchTest
    static final ArchRule TELEMETRY_READS_WHAT_WAS_GENERATED = noClasses()
            .that()
            .resideInAPackage("rivulet.telemetry")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("rivulet", "rivulet.wire", "rivulet.simulator", "io.javalin..", "org.eclipse.jetty..");

    @ArchTest
    static final ArchRule ONLY_THE_ROOT_KNOWS_TELEMETRY = noClasses()
            .that()
            .resideInAnyPackage("rivulet.feed", "rivulet.log", "rivulet.wire", "rivulet.simulator")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("rivulet.telemetry");

    @ArchTest
    static final ArchRule MICROMETER_STAYS_IN_TELEMETRY = noClasses()
            .that()
            .resideOutsideOfPackage("rivulet.telemetry")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.micrometer..", "io.prometheus..");

    @ArchTest
    static final ArchRule ACCESS_KNOWS_ONLY_THE_STORE = noClasses()
            .that()
            .resideInAPackage("rivulet.access")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "rivulet",
                    "rivulet.feed",
                    "rivulet.wire",
                    "rivulet.simulator",
                    "io.javalin..",
                    "org.eclipse.jetty..",
                    "jakarta..");

    @ArchTest
    static final ArchRule NOBODY_BELOW_KNOWS_WHO_CALLS = noClasses()
            .that()
            .resideInAnyPackage("rivulet.log", "rivulet.feed", "rivulet.wire", "rivulet.simulator")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("rivulet.access");

    @ArchTest
    static final ArchRule BUCKETS_STAY_IN_ACCESS = noClasses()
            .that()
            .resideOutsideOfPackage("rivulet.access")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.github.bucket4j..");

    @ArchTest
    static final ArchRule OKHTTP_STAYS_IN_FEED = noClasses()
            .that()
            .resideOutsideOfPackage("rivulet.feed")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("okhttp3..", "okio..");

    @ArchTest
    static final ArchRule REDIS_STAYS_IN_THE_LOG = noClasses()
            .that()
            .resideOutsideOfPackage("rivulet.log")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("redis.clients..", "org.apache.commons.pool2..");

    @ArchTest
    static final ArchRule THE_SERVER_STAYS_OUT_OF_FEED_AND_LOG = noClasses()
            .that()
            .resideInAnyPackage("rivulet.feed", "rivulet.log")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.javalin..", "org.eclipse.jetty..", "jakarta..");

    @ArchTest
    static final ArchRule CLASSES_ARE_FINAL_OR_MEANT_FOR_MORE = classes()
            .that(not(resideInAnyPackage("rivulet.test")))
            .and()
            .areTopLevelClasses()
            .and()
            .areNotInterfaces()
            .and()
            .areNotEnums()
            .and()
            .haveSimpleNameNotEndingWith("package-info")
            .should()
            .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.FINAL)
            .orShould()
            .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT);
}
