package rivulet;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.util.IO;
import org.jspecify.annotations.Nullable;
import rivulet.access.TrustedProxies;

/**
 * How many connections each address has open; one too many is closed before a byte is read from it. A trusted proxy may
 * have any number, since it brings everybody's. Safe on any thread.
 */
final class Connections implements SelectorManager.AcceptListener {
    /** Far more than people behind one router open, far fewer than the server's files. */
    private static final int USUAL = 1000;

    private final Optional<Integer> most;
    private final TrustedProxies proxies;
    private final Map<SelectableChannel, InetAddress> open = new ConcurrentHashMap<>();
    private final Map<InetAddress, Integer> counts = new ConcurrentHashMap<>();

    /** @param most empty: a usual number, and any number from this machine itself */
    Connections(Optional<Integer> most, TrustedProxies proxies) {
        this.most = most;
        this.proxies = proxies;
    }

    @Override
    public void onAccepting(SelectableChannel channel) {
        InetAddress address = address(channel);
        if (address == null || proxies.trusts(address) || (most.isEmpty() && address.isLoopbackAddress())) {
            return;
        }
        open.put(channel, address);
        if (counts.merge(address, 1, Integer::sum) > most.orElse(USUAL)) {
            // Jetty finds it closed, and tells of an accept that failed.
            IO.close(channel);
        }
    }

    @Override
    public void onAcceptFailed(SelectableChannel channel, Throwable cause) {
        left(channel);
    }

    @Override
    public void onClosed(SelectableChannel channel) {
        left(channel);
    }

    private void left(SelectableChannel channel) {
        InetAddress address = open.remove(channel);
        if (address != null) {
            counts.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    private static @Nullable InetAddress address(SelectableChannel channel) {
        try {
            return channel instanceof SocketChannel socket
                            && socket.getRemoteAddress() instanceof InetSocketAddress remote
                    ? remote.getAddress()
                    : null;
        } catch (IOException e) {
            return null;
        }
    }
}
