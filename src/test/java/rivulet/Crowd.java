package rivulet;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Many viewers on one thread; what each is given is not kept but summed up. */
final class Crowd implements AutoCloseable {
    /** Where the first block has its {@code retry: 1234}, which differs from viewer to viewer. */
    private static final int RETRY_FROM = "event: start\n".length();

    private static final int RETRY_TO = RETRY_FROM + "retry: 1234\n".length();

    private final Selector selector = Selector.open();
    private final byte[] bytes = new byte[64 * 1024];
    private final List<Member> members = new ArrayList<>();

    Crowd() throws IOException {}

    /** One more viewer, who asks at once. */
    void join(int port, String path) throws IOException {
        SocketChannel channel = ask(port, path, 0);
        channel.configureBlocking(false);
        Member member = new Member();
        members.add(member);
        channel.register(selector, SelectionKey.OP_READ, member);
    }

    /** One who asks, and then does not read; with little room for what comes all the same. */
    static SocketChannel stalled(int port, String path) throws IOException {
        return ask(port, path, 4096);
    }

    private static SocketChannel ask(int port, String path, int receiveBuffer) throws IOException {
        SocketChannel channel = SocketChannel.open();
        if (receiveBuffer > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
        }
        channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.write(ByteBuffer.wrap(
                ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
        return channel;
    }

    /** Reads until every response has ended, cleanly or not. */
    void readToEnd() throws IOException {
        int open = members.size();
        while (open > 0) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (read((SocketChannel) key.channel(), (Member) key.attachment())) {
                    key.cancel();
                    key.channel().close();
                    open--;
                }
            }
            selector.selectedKeys().clear();
        }
    }

    private boolean read(SocketChannel channel, Member member) throws IOException {
        int count = channel.read(ByteBuffer.wrap(bytes));
        if (count > 0) {
            member.take(bytes, count);
        }
        return count < 0 || member.ended;
    }

    List<Member> members() {
        return members;
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }

    /** The sum of a body, as a member would have made it. */
    static long sum(byte[] body) {
        CRC32 sum = new CRC32();
        sum.update(body, 0, RETRY_FROM);
        sum.update(body, RETRY_TO, body.length - RETRY_TO);
        return sum.getValue();
    }

    /** One viewer. */
    static final class Member {
        private enum State {
            HEAD,
            SIZE,
            DATA,
            DATA_END
        }

        private final CRC32 sum = new CRC32();
        private State state = State.HEAD;
        private int headEnd;
        private int left;
        private long length;
        private boolean ended;

        long sum() {
            return sum.getValue();
        }

        long length() {
            return length;
        }

        /** Whether the response ended as it should. */
        boolean ended() {
            return ended;
        }

        private void take(byte[] bytes, int count) {
            int at = 0;
            while (at < count && !ended) {
                switch (state) {
                    case HEAD -> head(bytes[at++]);
                    case SIZE -> size(bytes[at++]);
                    case DATA -> at += data(bytes, at, count - at);
                    case DATA_END -> dataEnd(bytes[at++]);
                }
            }
        }

        private void head(byte next) {
            boolean expected = next == "\r\n\r\n".charAt(headEnd);
            headEnd = expected ? headEnd + 1 : next == '\r' ? 1 : 0;
            state = headEnd == 4 ? State.SIZE : State.HEAD;
        }

        private void size(byte next) {
            if (next == '\n') {
                ended = left == 0;
                state = State.DATA;
            } else if (next != '\r') {
                left = left * 16 + Character.digit(next, 16);
            }
        }

        private int data(byte[] bytes, int from, int most) {
            int count = Math.min(left, most);
            add(bytes, from, count);
            left -= count;
            state = left == 0 ? State.DATA_END : State.DATA;
            return count;
        }

        private void dataEnd(byte next) {
            state = next == '\n' ? State.SIZE : State.DATA_END;
        }

        private void add(byte[] bytes, int from, int count) {
            for (int i = 0; i < count && length + i < RETRY_TO; i++) {
                if (length + i < RETRY_FROM) {
                    sum.update(bytes[from + i]);
                }
            }
            int skip = (int) Math.min(count, Math.max(0, RETRY_TO - length));
            sum.update(bytes, from + skip, count - skip);
            length += count;
        }
    }
}
