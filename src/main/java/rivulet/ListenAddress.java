package rivulet;

import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;

/** What is asked of the address that the server is to listen on, before it does. */
final class ListenAddress {
    private static final String HOST_FORM =
            "an address or name of this machine, as 127.0.0.1, or 0.0.0.0 for all of them";

    private ListenAddress() {}

    /** Whether only this machine can reach a server that listens on the host. */
    static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /**
     * Refuses a name that nobody knows; whether an address is this machine's is known once it is bound.
     *
     * @throws SettingError if it is unknown
     */
    static void requireKnown(String host) {
        try {
            InetAddress unused = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw notOurs(host);
        }
    }

    /**
     * Tries to bind it, before Javalin does, which takes each fault for a port in use, and logs it too.
     *
     * @throws SettingError if the host is not this machine's
     * @throws JavalinBindException if the port cannot be had; the message says why
     */
    static void requireFree(String host, int port) {
        try {
            bindOnce(host, 0);
        } catch (IOException e) {
            throw notOurs(host);
        }
        try {
            bindOnce(host, port);
        } catch (IOException e) {
            throw new JavalinBindException("port %d: %s".formatted(port, e.getMessage()), e);
        }
    }

    private static void bindOnce(String host, int port) throws IOException {
        // Bound and not listened on: nobody is to find a server here that goes at once.
        try (Socket socket = new Socket()) {
            // As Jetty listens: a port that was left a moment ago is free.
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(host, port));
        }
    }

    private static SettingError notOurs(String host) {
        return SettingError.invalid(Setting.HOST.name(), host, HOST_FORM);
    }
}
