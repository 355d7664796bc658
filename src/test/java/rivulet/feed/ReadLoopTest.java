package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one of many bodies does is nothing to the others. */
@Timeout(30)
class ReadLoopTest {
    private static final int BUSY = 4;

    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<SocketChannel> open = new ArrayList<>();
    private final ReadLoop loop = new ReadLoop(new NoTurns());
    private final Thread thread = new Thread(loop);

    @BeforeEach
    void start() {
        thread.setDaemon(true);
        thread.start();
    }

    @AfterEach
    void stop() throws IOException {
        thread.interrupt();
        for (SocketChannel channel : open) {
            channel.close();
        }
    }

    /** Reads what its peer writes, and tells of it. */
    private class Read implements ReadLoop.Body {
        final String name;
        final SocketChannel channel;
        final SocketChannel peer;

        Read(String name) throws IOException {
            this.name = name;
            try (ServerSocketChannel server = ServerSocketChannel.open()) {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                peer = SocketChannel.open(server.getLocalAddress());
                channel = server.accept();
            }
            open.add(peer);
            open.add(channel);
            channel.configureBlocking(false);
        }

        void write() throws IOException {
            peer.write(ByteBuffer.wrap(new byte[1]));
        }

        @Override
        public SocketChannel channel() {
            return channel;
        }

        @Override
        public boolean read(byte[] buffer) {
            try {
                int unused = channel.read(ByteBuffer.wrap(buffer));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            told.add(name + " read");
            return true;
        }

        @Override
        public void cancel() {}

        @Override
        public void closed() {}

        @Override
        public void left() {
            told.add(name + " left");
        }
    }

    private void assertTold(String what) throws InterruptedException {
        assertEquals(what, String.valueOf(told.poll(10, TimeUnit.SECONDS)));
    }

    @Test
    void anErrorOfOneBodyIsNothingToTheOthers() throws Exception {
        Read good = new Read("good");
        Read bad = new Read("bad") {
            @Override
            public boolean read(byte[] buffer) {
                throw new AssertionError("as it is meant to");
            }
        };
        loop.add(good);
        loop.add(bad);
        bad.write();
        assertTold("bad left");
        good.write();
        assertTold("good read");
        Read late = new Read("late");
        loop.add(late);
        late.write();
        assertTold("late read");
    }

    /** There is always something to read; it ends as soon as all are there and the one before it has ended. */
    private final class Busy extends Read {
        private final int number;
        private final Set<Integer> there;
        private final AtomicInteger ended;

        private Busy(int number, Set<Integer> there, AtomicInteger ended) throws IOException {
            super("" + number);
            this.number = number;
            this.there = there;
            this.ended = ended;
            write();
        }

        @Override
        public boolean read(byte[] buffer) {
            there.add(number);
            boolean ends = there.size() == BUSY && ended.compareAndSet(number, number + 1);
            if (ends && number == 0) {
                loop.closed(this);
            }
            return !ends;
        }

        @Override
        public void closed() {
            told.add("task run");
        }
    }

    @Test
    void aTaskDoesNotWaitUntilAllThatEndHaveLeft() throws Exception {
        Set<Integer> there = new HashSet<>();
        AtomicInteger ended = new AtomicInteger();
        for (int i = 0; i < BUSY; i++) {
            loop.add(new Busy(i, there, ended));
        }
        assertTold("task run");
        for (int i = 0; i < BUSY; i++) {
            assertTold(i + " left");
        }
    }
}
