package rivulet.feed;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A channel as a socket that others can build on: the JDK's own, {@link SocketChannel#socket}, cannot be extended. Passes
 * on what OkHttp, and TLS where it lies above, ask of a socket.
 */
// The channel minds its threads itself; to wait for a lock in close() would be to wait for a read.
@SuppressWarnings("UnsynchronizedOverridesSynchronized")
abstract class ChannelSocket extends Socket {
    private final SocketChannel channel;
    /** The channel as a socket that waits. */
    private final Socket waiting;

    /** @param channel not connected yet */
    ChannelSocket(SocketChannel channel) {
        this.channel = channel;
        this.waiting = channel.socket();
    }

    @Override
    public final SocketChannel getChannel() {
        return channel;
    }

    @Override
    public final void close() throws IOException {
        channel.close();
        closed();
    }

    /** It was closed, by the thread that calls this; perhaps not for the first time. */
    abstract void closed();

    @Override
    public boolean isClosed() {
        return !channel.isOpen();
    }

    @Override
    public void connect(SocketAddress to, int timeoutMillis) throws IOException {
        waiting.connect(to, timeoutMillis);
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return waiting.getInputStream();
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return waiting.getOutputStream();
    }

    @Override
    public boolean isConnected() {
        return waiting.isConnected();
    }

    @Override
    public boolean isBound() {
        return waiting.isBound();
    }

    @Override
    public boolean isInputShutdown() {
        return waiting.isInputShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return waiting.isOutputShutdown();
    }

    @Override
    public void shutdownInput() throws IOException {
        waiting.shutdownInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        waiting.shutdownOutput();
    }

    @Override
    public int getSoTimeout() throws SocketException {
        return waiting.getSoTimeout();
    }

    @Override
    public void setSoTimeout(int millis) throws SocketException {
        waiting.setSoTimeout(millis);
    }

    @Override
    public boolean getTcpNoDelay() throws SocketException {
        return waiting.getTcpNoDelay();
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        waiting.setTcpNoDelay(on);
    }

    @Override
    public int getSoLinger() throws SocketException {
        return waiting.getSoLinger();
    }

    @Override
    public void setSoLinger(boolean on, int seconds) throws SocketException {
        waiting.setSoLinger(on, seconds);
    }

    @Override
    public boolean getKeepAlive() throws SocketException {
        return waiting.getKeepAlive();
    }

    @Override
    public void setKeepAlive(boolean on) throws SocketException {
        waiting.setKeepAlive(on);
    }

    @Override
    public @Nullable InetAddress getInetAddress() {
        return waiting.getInetAddress();
    }

    @Override
    public InetAddress getLocalAddress() {
        return waiting.getLocalAddress();
    }

    @Override
    public int getPort() {
        return waiting.getPort();
    }

    @Override
    public int getLocalPort() {
        return waiting.getLocalPort();
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return waiting.getRemoteSocketAddress();
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return waiting.getLocalSocketAddress();
    }

    @Override
    public String toString() {
        return waiting.toString();
    }
}
