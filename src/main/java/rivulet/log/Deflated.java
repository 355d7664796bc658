package rivulet.log;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * {@link Packed} runs that follow each other, compressed together (RFC 1950): of a long answer in English, two bytes a
 * delta in place of five. They are got back all at once, and held until memory is collected next, as a run's entries are.
 */
final class Deflated implements Run {
    private final Event.Start start;
    private final int first;
    private final int end;
    private final int size;
    private final byte[] bytes;
    /** Mostly null: of most logs nothing is ever got back. */
    private volatile @Nullable WeakReference<List<Packed>> inflated;

    private Deflated(Event.Start start, int first, int end, int size, byte[] bytes) {
        this.start = start;
        this.first = first;
        this.end = end;
        this.size = size;
        this.bytes = bytes;
    }

    /** Compresses runs, of which there is at least one; the list does not change. */
    static Deflated of(List<Packed> runs) {
        int size = Packed.size(runs);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(size / 2);
        Deflater fast = new Deflater(Deflater.BEST_SPEED);
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes, fast))) {
            for (Packed run : runs) {
                run.write(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory is always written", e);
        } finally {
            fast.end();
        }
        Packed first = runs.get(0);
        int end = runs.get(runs.size() - 1).end();
        return new Deflated(first.start(), first.first(), end, size, bytes.toByteArray());
    }

    @Override
    public int end() {
        return end;
    }

    @Override
    public int size() {
        return size;
    }

    /** How many bytes they take deflated. */
    int held() {
        return bytes.length;
    }

    @Override
    public List<Entry> read(int from, int most) {
        WeakReference<List<Packed>> before = inflated;
        List<Packed> runs = before == null ? null : before.get();
        if (runs == null) {
            runs = inflate();
            inflated = new WeakReference<>(runs);
        }
        int holds = 0;
        while (runs.get(holds).end() <= from) {
            holds++;
        }
        return runs.get(holds).read(from, most);
    }

    private List<Packed> inflate() {
        List<Packed> runs = new ArrayList<>();
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(bytes)))) {
            for (int next = first; next < end; next = runs.get(runs.size() - 1).end()) {
                runs.add(Packed.read(start, next, in));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("what was deflated here is whole", e);
        }
        return runs;
    }
}
