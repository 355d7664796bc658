package rivulet.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An OpenAI-compatible upstream on one selector, cheap enough never to be what limits a relay. The model's name says what
 * it answers: {@code bench-<deltas>-<micros between two>}, or a {@link Script}; with 0 between two it writes as fast as
 * the peer reads, many in one write, or each by itself where {@code -single} follows. {@code words-<deltas>} is as fast,
 * of English words.
 */
final class BenchUpstream implements AutoCloseable {
    private static final Pattern MODEL = Pattern.compile("\"model\":\\s*\"bench-(\\d+)-(\\d+)(-single)?\"");
    private static final Pattern WORDS = Pattern.compile("\"model\":\\s*\"words-(\\d+)\"");
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length:\\s*(\\d+)");
    private static final byte[] HEAD = """
            HTTP/1.1 200 OK\r
            Content-Type: text/event-stream\r
            Transfer-Encoding: chunked\r
            \r
            """.getBytes(StandardCharsets.US_ASCII);
    /** What is written at once, where nothing else is said and nothing is paced. */
    private static final int BLOCK_DELTAS = 64;

    private static final byte[] END = Delta.end();
    private static final byte[] UNPACED = Delta.chunk(0);
    private static final byte[] BLOCK = block();

    private final ServerSocketChannel server;
    private final Selector selector;
    private final PriorityQueue<Answer> due = new PriorityQueue<>((a, b) -> Long.compare(a.dueNanos, b.dueNanos));
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicLong lastGoneNanos = new AtomicLong();
    private volatile boolean over;

    BenchUpstream() throws IOException {
        selector = Selector.open();
        server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8192);
        server.configureBlocking(false);
        server.register(selector, SelectionKey.OP_ACCEPT);
        Thread thread = new Thread(this::run, "bench-upstream");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.socket().getLocalPort();
    }

    /** How many answers are under way. */
    int open() {
        return open.get();
    }

    /** How many questions have come. */
    int asked() {
        return asked.get();
    }

    /** When the last peer was found to have left before its answer's end, {@link System#nanoTime}. */
    long lastGoneNanos() {
        return lastGoneNanos.get();
    }

    @Override
    public void close() throws IOException {
        over = true;
        selector.wakeup();
        server.close();
    }

    private void run() {
        try {
            while (!over) {
                selector.select(this::ready, waitMillis());
                sendDue();
            }
            // What is left open would be missing in the next scenario: the limit on open files is the machine's.
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** At most until the next delta is due; in its last millisecond without waiting, since select is no finer. */
    private long waitMillis() {
        Answer next = due.peek();
        if (next == null) {
            return 100;
        }
        long nanos = next.dueNanos - System.nanoTime();
        return nanos <= 0 ? 1 : Math.max(1, Math.min(100, nanos / 1_000_000));
    }

    private void ready(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                accept();
            } else if (key.attachment() instanceof Answer answer) {
                answer.ready(key);
            }
        } catch (IOException e) {
            close(key);
        }
    }

    private void accept() throws IOException {
        for (SocketChannel peer = server.accept(); peer != null; peer = server.accept()) {
            peer.configureBlocking(false);
            peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
            peer.register(selector, SelectionKey.OP_READ, new Answer(peer));
        }
    }

    private void sendDue() {
        long now = System.nanoTime();
        for (Answer next = due.peek(); next != null && next.dueNanos <= now; next = due.peek()) {
            due.remove();
            SelectionKey key = next.peer.keyFor(selector);
            if (key == null || !key.isValid()) {
                continue;
            }
            try {
                next.sendPaced();
            } catch (IOException e) {
                close(key);
            }
        }
    }

    private void close(SelectionKey key) {
        if (key.attachment() instanceof Answer answer && answer.answering) {
            answer.answering = false;
            open.decrementAndGet();
            lastGoneNanos.set(System.nanoTime());
        }
        key.cancel();
        try {
            key.channel().close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] block() {
        byte[] block = new byte[UNPACED.length * BLOCK_DELTAS];
        for (int i = 0; i < BLOCK_DELTAS; i++) {
            System.arraycopy(UNPACED, 0, block, i * UNPACED.length, UNPACED.length);
        }
        return block;
    }

    /** One connection, and the answer under way on it. The selector's thread alone. */
    private final class Answer {
        private final SocketChannel peer;
        private final StringBuilder question = new StringBuilder();
        private boolean answering;
        private int left;
        private long intervalNanos;
        private int mostAtOnce;
        private long dueNanos;
        private @Nullable ByteBuffer out;
        private @Nullable Script script;
        private @Nullable List<byte[]> words;
        private int said;

        private Answer(SocketChannel peer) {
            this.peer = peer;
        }

        private void ready(SelectionKey key) throws IOException {
            if (key.isReadable()) {
                in.clear();
                if (peer.read(in) < 0) {
                    BenchUpstream.this.close(key);
                    return;
                }
                question.append(StandardCharsets.ISO_8859_1.decode(in.flip()));
                if (!answering && whole()) {
                    answer();
                }
            }
            if (key.isValid() && key.isWritable()) {
                send(key);
            }
        }

        private boolean whole() {
            int head = question.indexOf("\r\n\r\n");
            if (head < 0) {
                return false;
            }
            Matcher length = LENGTH.matcher(question);
            int body = length.find() ? Integer.parseInt(length.group(1)) : 0;
            return question.length() >= head + 4 + body;
        }

        private void answer() throws IOException {
            read(question);
            question.setLength(0);
            said = 0;
            asked.incrementAndGet();
            open.incrementAndGet();
            answering = true;
            out = ByteBuffer.wrap(HEAD);
            if (script != null && script.fault() == Script.Fault.REFUSED) {
                out = ByteBuffer.wrap(script.refusal());
                left = -1;
            }
            send(peer.keyFor(selector));
            if (answering && intervalNanos != 0) {
                dueNanos = System.nanoTime();
                due.add(this);
            }
        }

        private void read(CharSequence asked) throws IOException {
            words = null;
            script = Script.in(asked);
            if (script != null) {
                left = script.deltas();
                intervalNanos = script.micros() * 1_000;
                return;
            }
            Matcher english = WORDS.matcher(asked);
            if (english.find()) {
                left = Integer.parseInt(english.group(1));
                intervalNanos = 0;
                words = Delta.words();
                return;
            }
            Matcher model = MODEL.matcher(asked);
            if (!model.find()) {
                throw new IOException("not the benchmark's question: " + asked);
            }
            left = Integer.parseInt(model.group(1));
            intervalNanos = Long.parseLong(model.group(2)) * 1_000;
            mostAtOnce = intervalNanos == 0 && model.group(3) == null ? BLOCK_DELTAS : 1;
        }

        private void sendPaced() throws IOException {
            SelectionKey key = peer.keyFor(selector);
            if (out == null) {
                out = next();
                if (out == null) {
                    return;
                }
                send(key);
            }
            // A peer that does not read gets the next one later.
            if (answering) {
                dueNanos += intervalNanos;
                due.add(this);
            }
        }

        /** What is written next; null: nothing ever is. */
        private @Nullable ByteBuffer next() throws IOException {
            if (script != null && script.breaksAfter(said)) {
                if (script.fault() == Script.Fault.CUT) {
                    throw new IOException("cut, as asked");
                }
                return null;
            }
            if (left == 0) {
                left = -1;
                return ByteBuffer.wrap(END);
            }
            if (script != null) {
                left--;
                return ByteBuffer.wrap(script.chunk(said++));
            }
            if (words != null) {
                ByteArrayOutputStream block = new ByteArrayOutputStream();
                for (int i = 0; i < BLOCK_DELTAS && left > 0; i++) {
                    left--;
                    block.writeBytes(words.get(said++ % words.size()));
                }
                return ByteBuffer.wrap(block.toByteArray());
            }
            int deltas = Math.min(left, mostAtOnce);
            left -= deltas;
            return intervalNanos == 0
                    ? ByteBuffer.wrap(BLOCK, 0, deltas * UNPACED.length)
                    : ByteBuffer.wrap(Delta.chunk(System.nanoTime()));
        }

        private void send(SelectionKey key) throws IOException {
            while (true) {
                if (out != null) {
                    peer.write(out);
                    if (out.hasRemaining()) {
                        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                        return;
                    }
                    out = null;
                }
                if (left < 0) {
                    answering = false;
                    open.decrementAndGet();
                    left = 0;
                    break;
                }
                if (intervalNanos != 0) {
                    break;
                }
                out = next();
                if (out == null) {
                    break;
                }
            }
            key.interestOps(SelectionKey.OP_READ);
        }
    }
}
