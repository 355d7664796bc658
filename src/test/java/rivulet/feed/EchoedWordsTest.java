package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The words of a thought that two kinds of events tell. */
class EchoedWordsTest {
    private final EchoedWords words = new EchoedWords();
    private final StringBuilder told = new StringBuilder();

    private void say(String kind, String... pieces) {
        for (String piece : pieces) {
            told.append(words.toTell(kind, piece));
        }
    }

    @Test
    void whatIsRepeatedIsToldOnceHoweverItIsCut() {
        say("a", "The u", "ser");
        say("b", "Th", "e us", "er wa");
        say("a", " w", "an");
        say("b", "nts");
        assertEquals("The user wants", told.toString());
    }

    @Test
    void whatHasOtherWordsIsToldFromItsBeginning() {
        say("a", "The user wants");
        say("b", "The", " plan", ", in short");
        say("a", " tea");
        assertEquals("The user wantsThe plan, in short tea", told.toString());
    }

    @Test
    void whatWasToldIsNotRepeatedWhereTwoKindsPart() {
        say("a", "The user");
        say("b", "The user wants");
        say("a", " thinks");
        say("b", " tea");
        assertEquals("The user wants thinks tea", told.toString());
    }

    @Test
    void theNextThoughtIsComparedToItselfAlone() {
        say("a", "one");
        words.begin();
        say("a", "two");
        say("b", "two");
        assertEquals("onetwo", told.toString());
    }

    @Test
    void aThoughtThatOneKindTellsIsNotKept() {
        String many = "x".repeat(20_000);
        say("a", many, many);
        say("b", "y");
        assertEquals(many + many + "y", told.toString());
    }
}
