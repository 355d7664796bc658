package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SchemaDocumentTest {
    private static String document(String schema) {
        return document(schema, "What is SSE?");
    }

    /** Schemas are written with apostrophes here. */
    private static String document(String schema, String question) {
        JsonNode root = Json.read(schema.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        return new SchemaDocument(root, Language.of(question), question).text();
    }

    private static JsonNode tree(String schema) throws IOException {
        return SimulatorServer.MAPPER.readTree(document(schema));
    }

    @Test
    void titleAndSummaryAreAboutTheQuestionInItsLanguage() {
        String schema =
                "{'type':'object','properties':{'title':{'type':'string'},'summary':{'type':'string'}},'required':['title','summary'],'additionalProperties':false}";
        assertEquals("{\"title\":\"关于“科技”\",\"summary\":\"这是模拟器对“科技”的摘要。真正的模型会在这里写出实际的内容。\"}", document(schema, "科技"));
        assertTrue(document(schema, "AI란?").startsWith("{\"title\":\"“AI란?”에 대하여\""));
    }

    @Test
    void otherStringsNameTheirProperty() {
        assertEquals(
                "{\"homeTown\":\"Sample home town\"}",
                document("{'type':'object','properties':{'homeTown':{'type':'string'}}}"));
    }

    @Test
    void optionalPropertiesAreThereToo() throws IOException {
        JsonNode tree = tree("{'properties':{'a':{'type':'integer'},'b':{'type':'boolean'}},'required':['a','c']}");
        assertEquals("{\"a\":3,\"b\":true,\"c\":\"Sample c\"}", tree.toString());
    }

    @Test
    void constantsAndChoicesAreTaken() {
        assertEquals("7", document("{'const':7}"));
        assertEquals("null", document("{'const':null}"));
        assertEquals("\"red\"", document("{'type':'string','enum':['red','blue']}"));
        assertEquals("[\"red\",\"blue\",\"red\"]", document("{'items':{'enum':['red','blue']},'minItems':3}"));
    }

    @Test
    void firstTypeThatIsNotNullIsTaken() {
        assertEquals("3", document("{'type':['null','integer']}"));
        assertEquals("null", document("{'type':['null']}"));
        assertEquals("null", document("{'type':'null'}"));
    }

    @Test
    void numbersStayWithinTheirBounds() {
        assertEquals("3.5", document("{'type':'number'}"));
        assertEquals("10", document("{'type':'integer','minimum':10}"));
        assertEquals("11", document("{'type':'integer','exclusiveMinimum':10}"));
        assertEquals("-2", document("{'type':'integer','maximum':-2}"));
        assertEquals("15", document("{'type':'integer','minimum':12,'multipleOf':5}"));
        assertEquals("0.5", document("{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1}"));
        assertEquals("1", document("{'type':'number','minimum':0,'maximum':1}"));
        assertEquals("0.5", document("{'type':'number','exclusiveMinimum':0,'maximum':0.5}"));
        assertEquals("0.75", document("{'type':'number','minimum':0.5,'exclusiveMaximum':1}"));
        assertEquals("0.25", document("{'type':'number','minimum':0,'exclusiveMaximum':0.5}"));
        assertEquals("-2", document("{'type':'number','exclusiveMaximum':-1}"));
        assertEquals("2", document("{'type':'integer','multipleOf':2,'maximum':3}"));
        assertEquals("0", document("{'type':'integer','multipleOf':5,'minimum':0,'maximum':4}"));
        assertEquals("5", document("{'type':'integer','minimum':5,'exclusiveMinimum':0}"));
        assertEquals("2", document("{'type':'integer','maximum':2,'exclusiveMaximum':10}"));
        assertEquals("[3,4,5]", document("{'items':{'type':'integer'},'minItems':3}"));
        assertEquals("3", document("{'type':'integer','minimum':1e999}"));
    }

    @Test
    void arraysHaveTheirSize() {
        assertEquals("[\"Sample value\",\"Sample value 2\"]", document("{'type':'array','items':{'type':'string'}}"));
        assertEquals("[true]", document("{'type':'array','items':{'type':'boolean'},'maxItems':1}"));
        assertEquals("[3,true]", document("{'prefixItems':[{'type':'integer'},{'type':'boolean'}],'items':false}"));
    }

    @Test
    void stringsHaveTheirLengthAndFormat() {
        assertEquals(
                1000,
                document("{'type':'string','minLength':998,'maxLength':998}").length());
        assertEquals("\"Sa\"", document("{'type':'string','maxLength':2}"));
        assertEquals("\"2026-01-01\"", document("{'type':'string','format':'date'}"));
        assertEquals("\"2026-01-01T12:00:00Z\"", document("{'type':'string','format':'date-time'}"));
        assertEquals("\"user1@example.com\"", document("{'type':'string','format':'email'}"));
        assertEquals("\"https://example.com/1\"", document("{'type':'string','format':'uri'}"));
        assertEquals("\"00000000-0000-4000-8000-000000000001\"", document("{'type':'string','format':'uuid'}"));
    }

    @Test
    void branchesAndPartsAndReferencesAreFollowed() {
        assertEquals("true", document("{'anyOf':[{'type':'boolean'},{'type':'null'}]}"));
        assertEquals("3", document("{'oneOf':[{'$ref':'#/$defs/n'}],'$defs':{'n':{'type':'integer'}}}"));
        assertEquals(
                "{\"a\":3,\"b\":true}",
                document(
                        "{'allOf':[{'$ref':'#/definitions/x%20y'},{'properties':{'b':{'type':'boolean'}}}],'definitions':{'x y':{'properties':{'a':{'type':'integer'}}}}}"));
        assertEquals(
                "{\"a\":12}",
                document("{'allOf':[{'properties':{'a':{'type':'integer'}}},{'properties':{'a':{'minimum':12}}}]}"));
    }

    @Test
    void twoReferencesInOneAllOfBothCount() {
        assertEquals(
                "{\"a\":3,\"b\":3}",
                document(
                        "{'allOf':[{'$ref':'#/$defs/a'},{'$ref':'#/$defs/b'}],'$defs':{'a':{'properties':{'a':{'type':'integer'}}},'b':{'properties':{'b':{'type':'integer'}}}}}"));
    }

    @Test
    void recursionEnds() throws IOException {
        JsonNode list = tree(
                "{'$ref':'#/$defs/node','$defs':{'node':{'type':'object','properties':{'value':{'type':'integer'},'next':{'anyOf':[{'$ref':'#/$defs/node'},{'type':'null'}]}},'required':['value','next']}}}");
        assertEquals("{\"value\":3,\"next\":{\"value\":3,\"next\":{\"value\":3,\"next\":null}}}", list.toString());
        JsonNode tree = tree(
                "{'type':'object','properties':{'children':{'type':'array','items':{'$ref':'#'}}},'required':['children']}");
        assertEquals("[]", tree.at("/children/0/children/0/children/0/children").toString());
        assertEquals("\"Sample value\"", document("{'$ref':'#/$defs/a','$defs':{'a':{'$ref':'#/$defs/a'}}}"));
    }

    @Test
    void aSchemaThatAsksForBillionsGetsABoundedDocument() {
        StringBuilder definitions = new StringBuilder("'d0':{'type':'integer'}");
        for (int i = 1; i < 40; i++) {
            definitions.append(
                    String.format(",'d%d':{'allOf':[{'$ref':'#/$defs/d%d'},{'$ref':'#/$defs/d%d'}]}", i, i - 1, i - 1));
        }
        document("{'$ref':'#/$defs/d39','$defs':{" + definitions + "}}");
        String many = document(
                "{'$ref':'#/$defs/m','$defs':{'m':{'type':'array','minItems':1000000000,'items':{'$ref':'#/$defs/m'}}}}");
        assertTrue(many.length() < 100_000, () -> "it has " + many.length());
    }

    @Test
    void otherPropertiesHaveTheirSchema() {
        assertEquals("{\"example\":3}", document("{'type':'object','additionalProperties':{'type':'integer'}}"));
        assertEquals("{}", document("{'type':'object','additionalProperties':false}"));
    }
}
