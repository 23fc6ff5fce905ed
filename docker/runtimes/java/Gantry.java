package gantry;

import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Gantry's SDK for Java: {@code run(request -> Map.of("n", 3))} makes a function a plugin. Only the JDK, 17 or later.
 *
 * <p>Its first use moves the standard output aside: what System.out prints becomes a log line on stderr. (A child process
 * that inherits its output gets past it.) The host's first line decides whether it speaks {@code json} or {@code stream}.
 * JSON is Map, List, String, Long, Double, Boolean and null.
 */
public final class Gantry {
  /** All a plugin can have; a lambda is {@code run} alone. The others are called under protocol {@code stream} only. */
  @FunctionalInterface
  public interface Handlers {
    /** Gives a Map (the data of a success), a full result with "status", or null (success without data). */
    Object run(Request request) throws Exception;
    default void onLoad(Map<String, Object> config) throws Exception {}
    default void onShutdown() throws Exception {}
    default Map<String, Object> metadata() throws Exception { return Map.of(); }
    default Map<String, Object> configUi() throws Exception { return Map.of(); }
  }

  /**
   * What the host asks for. context: run, hook, params, data, results; invocation: id, nonce, attempt, idempotencyKey,
   * deadline (ISO 8601), timeoutMs, traceparent.
   */
  public record Request(Map<String, Object> context, Map<String, Object> config, Map<String, Object> secrets,
      Map<String, Object> invocation) {}

  /** A failure the plugin reports on purpose; made by fail. */
  public static final class PluginError extends RuntimeException {
    public final String code;
    public final boolean isRetryable;
    PluginError(String code, String message, boolean isRetryable) {
      super(message);
      this.code = code;
      this.isRetryable = isRetryable;
    }
  }

  private static final class Flight {
    final Object id, nonce;
    volatile boolean isCancelled;
    Flight(Object id, Object nonce) { this.id = id; this.nonce = nonce; }
  }

  private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);
  private static final Map<Object, Flight> RUNS = new LinkedHashMap<>(); // unanswered; its lock is also that of tmp
  private static final InheritableThreadLocal<Flight> CURRENT = new InheritableThreadLocal<>();
  private static final Map<Object, CompletableFuture<Map<String, Object>>> WAITING = new ConcurrentHashMap<>(); // by our id
  private static final Semaphore TURNS = new Semaphore(16); // to wait for answers of the host
  private static final AtomicLong ASKED = new AtomicLong();
  private static volatile boolean isStream, isCancelArmed, isCancelAsked;
  private static String tmp;

  static {
    System.setOut(System.err);
    Signal.handle(new Signal("TERM"), SignalHandler.SIG_DFL); // else it would look like an exit of the plugin's own
    Runtime.getRuntime().addShutdownHook(new Thread(Gantry::leaveEarly));
  }

  private Gantry() {}

  /** Ends the invocation as failed: {@code throw fail(…)}. code: a short stable word; whether another attempt can help. */
  public static PluginError fail(String code, String message, boolean isRetryable) {
    return new PluginError(code, message, isRetryable);
  }

  /** The result of a plugin that had nothing to do. */
  public static Map<String, Object> skipped(String reason) { return object("status", "skipped", "reason", reason); }

  /** Writes one log entry. level: debug, info, warn or error. Never throws. */
  public static void log(String level, String message, Map<String, ?> fields) {
    String known = List.of("debug", "warn", "error").contains(level) ? level : "info";
    tell("log", object("level", known, "message", String.valueOf(message), "fields", fields == null ? Map.of() : fields));
  }

  public static void log(String level, String message) { log(level, message, Map.of()); }

  /** Says how far the work is: done of total, numbers of any unit. */
  public static void progress(double done, double total, String message) {
    tell("progress", object("done", done, "total", total, "message", String.valueOf(message)));
  }

  /** Reports a number about the work: name and the names of at most 8 labels are [a-z][a-z0-9_]*. */
  public static void metric(String name, double value, Map<String, String> labels) {
    tell("metric", object("name", name, "value", value, "labels", labels));
  }

  private static void tell(String method, Map<String, Object> params) {
    Flight run = CURRENT.get();
    if (isStream && run != null) params.put("id", run.id);
    try {
      if (isStream) send(object("jsonrpc", "2.0", "method", method, "params", params));
      else if (method.equals("log")) System.err.println(Json.write(params));
    } catch (IllegalArgumentException unsayable) {
      if (method.equals("log")) tell(method, object("level", "warn", "message", params.get("message"), "fields",
          object("unserialisable", unsayable.getMessage())));
    }
  }

  /**
   * What the plugin remembers from run to run: JSON values by key. Needs {@code services: [state]} and protocol {@code
   * stream}. A refusal is a PluginError whose code says why: CONFLICT, FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED.
   */
  public static final class State {
    private State() {}

    /** A value and its version. */
    public record Entry(Object value, String version) {}

    /** The value; null when there is none. */
    public Object get(String key) {
      Entry found = read(key);
      return found == null ? null : found.value;
    }

    /** The value and its version; null when there is none. */
    public Entry read(String key) {
      Map<String, Object> found = ask("state.get", object("key", key));
      return found.get("version") instanceof String version ? new Entry(found.get("value"), version) : null;
    }

    /** Stores the value; gives its version. */
    public String set(String key, Object value) { return (String) ask("state.set", object("key", key, "value", value)).get("version"); }

    /** Stores the value only over that version, or only where nothing is (null); else CONFLICT. */
    public String set(String key, Object value, String ifVersion) {
      return (String) ask("state.set", object("key", key, "value", value, "ifVersion", ifVersion)).get("version");
    }

    /** Stores what change makes of the value (null: there is none), again and again until nobody else came between. Gives it. */
    public Object update(String key, UnaryOperator<Object> change) {
      while (true) {
        Entry old = read(key);
        Object value = change.apply(old == null ? null : old.value);
        try {
          set(key, value, old == null ? null : old.version);
          return value;
        } catch (PluginError refused) {
          if (!refused.code.equals("CONFLICT")) throw refused;
        }
      }
    }

    /** True when there was one. */
    public boolean delete(String key) { return Boolean.TRUE.equals(ask("state.delete", object("key", key)).get("deleted")); }

    /** Only that version; else CONFLICT. */
    public boolean delete(String key, String ifVersion) {
      return Boolean.TRUE.equals(ask("state.delete", object("key", key, "ifVersion", ifVersion)).get("deleted"));
    }

    /** One page: {"keys": [{"key", "version", "bytes"}], "next": what {@code after} is for the next page, or null}. */
    public Map<String, Object> list(String prefix, String after, int limit) {
      return ask("state.list", object("prefix", prefix, "after", after, "limit", limit));
    }
  }

  /**
   * Named bytes of the run, which stay with it. Needs {@code services: [artifact]} and protocol {@code stream}. Refusals as
   * those of state.
   */
  public static final class Artifact {
    private static final int PIECE = 192 * 1024;
    private Artifact() {}

    /** Takes the pieces of an artifact. */
    @FunctionalInterface
    public interface Taker {
      void take(byte[] piece) throws IOException;
    }

    /** Stores what the stream gives, over an artifact of that name. Gives {"id", "sizeBytes", "sha256"}. */
    public Map<String, Object> put(String name, InputStream content, String contentType) throws IOException {
      for (byte[] piece = content.readNBytes(PIECE); ; ) {
        byte[] following = piece.length < PIECE ? new byte[0] : content.readNBytes(PIECE);
        String chunk = Base64.getEncoder().encodeToString(piece);
        boolean isLast = following.length == 0;
        Map<String, Object> part = object("name", name, "contentType", contentType, "chunk", chunk, "last", isLast);
        Map<String, Object> answer = ask("artifact.put", part);
        if (isLast) return answer;
        piece = following;
      }
    }

    public Map<String, Object> put(String name, byte[] content, String contentType) throws IOException {
      return put(name, new ByteArrayInputStream(content), contentType);
    }

    public Map<String, Object> put(String name, String content, String contentType) throws IOException {
      return put(name, content.getBytes(StandardCharsets.UTF_8), contentType);
    }

    /** Gives the bytes of the run's artifact, piece by piece. */
    public void pieces(String name, Taker taker) throws IOException {
      long offset = 0;
      for (boolean isLast = false; !isLast; ) {
        Map<String, Object> answer = ask("artifact.get", object("name", name, "offset", offset));
        byte[] piece = Base64.getDecoder().decode((String) answer.get("chunk"));
        taker.take(piece);
        offset += piece.length;
        isLast = Boolean.TRUE.equals(answer.get("last"));
      }
    }

    /** All of its bytes. NOT_FOUND when the run has none of that name. */
    public byte[] get(String name) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      pieces(name, all::write);
      return all.toByteArray();
    }
  }

  public static final State state = new State();
  public static final Artifact artifact = new Artifact();

  /** Asks the host and waits for its answer, with at most 15 others. */
  private static Map<String, Object> ask(String method, Map<String, Object> params) {
    if (!isStream) throw fail("NOT_SUPPORTED", method + " needs `protocol: stream`", false);
    Flight run = CURRENT.get();
    synchronized (RUNS) {
      if (run == null && RUNS.size() == 1) run = RUNS.values().iterator().next();
    }
    if (run == null) throw fail("NO_RUN", method + ": only while a run is at work", false); // nobody would read the answer
    params.put("id", run.id);
    TURNS.acquireUninterruptibly();
    try {
      String id = "p" + ASKED.incrementAndGet();
      String line = Json.write(object("jsonrpc", "2.0", "id", id, "method", method, "params", params));
      CompletableFuture<Map<String, Object>> answered = new CompletableFuture<>();
      WAITING.put(id, answered);
      writeLine(line);
      Map<String, Object> answer = answered.join();
      if (!(answer.get("error") instanceof Map<?, ?> error)) return member(answer.get("result"));
      String code = member(error.get("data")).get("code") instanceof String given ? given : "rpc_error";
      throw fail(code, method + ": " + error.get("message"), code.equals("UNAVAILABLE") || code.equals("BUSY"));
    } catch (IllegalArgumentException unsayable) {
      throw fail("INVALID_PARAMS", method + ": " + unsayable.getMessage(), false);
    } finally {
      TURNS.release();
    }
  }

  /**
   * True once the host has asked the plugin to stop; it then has the grace period to return what it has. Under json, a
   * plugin that never asks is ended at once by SIGTERM: make the first call before the long work.
   */
  public static boolean cancelled() {
    if (isStream) return CURRENT.get() != null && CURRENT.get().isCancelled;
    if (!isCancelArmed) {
      isCancelArmed = true;
      Signal.handle(new Signal("TERM"), signal -> isCancelAsked = true);
    }
    return isCancelAsked;
  }

  /**
   * Serves the host, then ends the process. What a handler throws becomes an error result. Under stream, several
   * invocations may be at work at once, each on its thread.
   */
  public static void run(Handlers handlers) {
    try {
      Lines lines = new Lines();
      byte[] first = lines.next();
      if (isStreamLine(first)) serveStream(handlers, lines, first);
      byte[] received = lines.rest(first);
      if (new String(received, StandardCharsets.UTF_8).isBlank()) System.exit(0); // an idle sandbox was closed
      Flight flight = begin(null, null);
      Map<String, Object> result = serve(handlers, () -> checked(received));
      end(flight, Json.write(result));
      System.exit("error".equals(result.get("status")) ? 1 : 0);
    } catch (IOException gone) {
      System.exit(74);
    } catch (Error broken) { // no thread or no memory is left: other threads must not keep a deaf process alive
      broken.printStackTrace();
      Runtime.getRuntime().halt(70);
    }
  }

  private static boolean isStreamLine(byte[] line) {
    try {
      return parse(line) instanceof Map<?, ?> message && message.containsKey("jsonrpc");
    } catch (PluginError other) {
      return false;
    }
  }

  private static void serveStream(Handlers handlers, Lines lines, byte[] first) throws IOException {
    isStream = true;
    if (ProcessHandle.current().pid() == 1) tmp = "/tmp"; // outside of a sandbox it is not ours to empty
    ExecutorService threads = Executors.newCachedThreadPool();
    for (byte[] line = first; line.length > 0; line = lines.next()) {
      try {
        take(handlers, member(parse(line)), threads);
      } catch (PluginError broken) {
        send(object("jsonrpc", "2.0", "id", null, "error", object("code", -32700, "message", broken.getMessage())));
      }
    }
    leave();
  }

  private static void take(Handlers handlers, Map<String, Object> message, ExecutorService threads) {
    Object id = message.get("id");
    Map<String, Object> params = member(message.get("params"));
    if ("run".equals(message.get("method"))) {
      Flight flight = begin(id, member(params.get("invocation")).get("nonce"));
      threads.execute(() -> {
        CURRENT.set(flight);
        end(flight, frame(flight, serve(handlers, () -> params)));
      });
    } else if ("cancel".equals(message.get("method"))) {
      synchronized (RUNS) {
        Flight flight = RUNS.get(params.get("id"));
        if (flight != null) flight.isCancelled = true;
      }
    } else if (id != null && message.get("method") instanceof String method) {
      Map<String, Object> reply = object("jsonrpc", "2.0", "id", id);
      try {
        reply.put("result", lifecycle(handlers, method, params));
        send(reply);
      } catch (Throwable thrown) {
        PluginError of = failureOf(thrown);
        int code = of.code.equals("unknown_method") ? -32601 : -32000;
        reply.remove("result");
        reply.put("error", object("code", code, "message", of.getMessage(), "data", object("code", of.code)));
        send(reply);
      }
      if (method.equals("on_shutdown")) leave();
    } else if (id != null && message.get("method") == null) {
      CompletableFuture<Map<String, Object>> answered = WAITING.remove(id);
      if (answered != null) answered.complete(message);
    }
  }

  private static Object lifecycle(Handlers handlers, String method, Map<String, Object> params) throws Exception {
    switch (method) {
      case "initialize" -> {
        checkVersion(params);
        if (params.get("tmp") instanceof String given) tmp = given;
        Map<String, Object> capabilities = object("cancel", true, "concurrency", true, "reuse", List.of("warm"));
        for (String name : List.of("onLoad", "onShutdown", "metadata", "configUi")) {
          Class<?>[] given = name.equals("onLoad") ? new Class<?>[] {Map.class} : new Class<?>[0];
          capabilities.put(name, handlers.getClass().getMethod(name, given).getDeclaringClass() != Handlers.class);
        }
        return object("protocol", "1.0", "ready", true, "capabilities", capabilities);
      }
      case "on_load" -> handlers.onLoad(member(params.get("config")));
      case "on_shutdown" -> handlers.onShutdown();
      case "get_metadata" -> { return handlers.metadata(); }
      case "get_config_ui" -> { return handlers.configUi(); }
      default -> throw fail("unknown_method", "unknown method " + method, false);
    }
    return Map.of();
  }

  private static Map<String, Object> serve(Handlers handlers, Callable<Map<String, Object>> asked) {
    try {
      Map<String, Object> document = asked.call();
      if (!(document.get("context") instanceof Map)) throw fail("invalid_request", "the request has no context object", false);
      Map<String, Object> result = shape(handlers.run(new Request(member(document.get("context")),
          member(document.get("config")), member(document.get("secrets")), member(document.get("invocation")))));
      Json.write(result);
      return result;
    } catch (Throwable thrown) {
      if (Json.isOwn(thrown)) return failure("invalid_result", "the result cannot be sent: " + thrown.getMessage(), false);
      PluginError of = failureOf(thrown);
      return failure(of.code, of.getMessage(), of.isRetryable);
    }
  }

  private static PluginError failureOf(Throwable thrown) {
    if (thrown instanceof PluginError own) return own;
    thrown.printStackTrace();
    return fail("exception", thrown.toString(), false);
  }

  private static Map<String, Object> failure(String code, String message, boolean isRetryable) {
    return object("status", "error", "error", object("code", code, "message", message, "retryable", isRetryable));
  }

  private static Map<String, Object> shape(Object value) {
    if (value == null) return object("status", "success", "data", Map.of());
    if (!(value instanceof Map<?, ?> result)) {
      throw fail("invalid_result", "the plugin returned " + value.getClass().getSimpleName() + ": return a Map or null", false);
    }
    if (!result.containsKey("status")) return object("status", "success", "data", result);
    if (List.of("success", "skipped", "error").contains(String.valueOf(result.get("status")))) return member(result);
    throw fail("invalid_result", "status is " + result.get("status") + ": it must be success, skipped or error", false);
  }

  private static Map<String, Object> checked(byte[] received) {
    if (!(parse(received) instanceof Map<?, ?> given)) throw fail("invalid_request", "the request is not a JSON object", false);
    Map<String, Object> document = member(given);
    checkVersion(document);
    if ("run".equals(document.get("method"))) return document;
    throw fail("unsupported_method", "this SDK answers `run`, not " + document.get("method"), false);
  }

  private static void checkVersion(Map<String, Object> document) {
    if (document.get("protocol") instanceof String version && version.split("\\.")[0].equals("1")) return;
    throw fail("unsupported_protocol", "this SDK speaks protocol 1.x, the host " + document.get("protocol"), false);
  }

  private static Object parse(byte[] received) {
    try {
      return Json.parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(received)).toString());
    } catch (CharacterCodingException | IllegalArgumentException wrong) {
      throw fail("invalid_request", "the request is not a JSON document: " + wrong.getMessage(), false);
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> member(Object value) {
    return value instanceof Map ? (Map<String, Object>) value : new LinkedHashMap<>();
  }

  private static Map<String, Object> object(Object... pairs) {
    Map<String, Object> made = new LinkedHashMap<>();
    for (int at = 0; at < pairs.length; at += 2) made.put((String) pairs[at], pairs[at + 1]);
    return made;
  }

  private static Flight begin(Object id, Object nonce) {
    Flight flight = new Flight(id, nonce);
    synchronized (RUNS) {
      RUNS.put(id, flight);
    }
    return flight;
  }

  /** Empties /tmp once nothing runs any more, then answers: an answer says that the sandbox is clean. */
  private static void end(Flight flight, String line) {
    synchronized (RUNS) {
      if (!RUNS.remove(flight.id, flight)) return;
      if (tmp != null && RUNS.isEmpty()) empty(new File(tmp));
      writeLine(line);
    }
  }

  private static void empty(File folder) {
    File[] left = folder.listFiles();
    for (File entry : left == null ? new File[0] : left) {
      if (entry.isDirectory() && !Files.isSymbolicLink(entry.toPath())) empty(entry);
      entry.delete(); // The host looks for itself, and gives up a sandbox that is not clean.
    }
  }

  private static String frame(Flight flight, Map<String, Object> result) {
    String text = Json.write(result);
    return "{\"jsonrpc\":\"2.0\",\"id\":" + Json.write(flight.id) + ",\"result\":" + text.substring(0, text.length() - 1)
        + ",\"nonce\":" + Json.write(flight.nonce) + "}}";
  }

  private static void send(Map<String, Object> message) { writeLine(Json.write(message)); }

  private static void writeLine(String line) {
    try {
      synchronized (OUT) {
        OUT.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException gone) {
      Runtime.getRuntime().halt(74);
    }
  }

  private static void leave() {
    synchronized (RUNS) {
      RUNS.clear();
    }
    System.exit(0);
  }

  /** System.exit inside of a handler comes by here. */
  private static void leaveEarly() {
    List<Flight> flights;
    synchronized (RUNS) {
      flights = List.copyOf(RUNS.values());
    }
    Map<String, Object> left = failure("early_exit", "the plugin ended before its handler returned a result", false);
    for (Flight flight : flights) end(flight, isStream ? frame(flight, left) : Json.write(left));
    if (!flights.isEmpty()) Runtime.getRuntime().halt(1);
  }

  private static final class Lines {
    private final FileInputStream input = new FileInputStream(FileDescriptor.in);
    private final byte[] buffer = new byte[1 << 16];
    private int at, end;

    /** The next line with its line feed; empty at the end of input. */
    byte[] next() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      while (at < end || fill()) {
        int from = at;
        while (at < end && buffer[at] != '\n') at++;
        boolean isWhole = at < end;
        if (isWhole) at++;
        line.write(buffer, from, at - from);
        if (isWhole) break;
      }
      return line.toByteArray();
    }

    byte[] rest(byte[] first) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (byte[] line = first; line.length > 0; line = next()) all.write(line);
      return all.toByteArray();
    }

    private boolean fill() throws IOException {
      at = 0;
      end = Math.max(0, input.read(buffer));
      return end > 0;
    }
  }

  /** JSON without a library: a reader that refuses what RFC 8259 does, and a writer that refuses what it cannot say. */
  public static final class Json {
    private static final int DEPTH_MAX = 128;
    private final String text;
    private int at, depth;

    private static final class Unsayable extends IllegalArgumentException {
      Unsayable(String message) { super(message); }
    }

    private Json(String text) { this.text = text; }

    /** @throws IllegalArgumentException saying what is wrong where */
    public static Object parse(String text) {
      Json reader = new Json(text);
      Object value = reader.value();
      if (reader.peek() != 0) throw reader.wrong();
      return value;
    }

    /** The value on one line. @throws IllegalArgumentException for NaN, a class JSON does not know, or too deep a value */
    public static String write(Object value) {
      StringBuilder out = new StringBuilder();
      write(value, out, 0);
      return out.toString();
    }

    static boolean isOwn(Throwable thrown) { return thrown instanceof Unsayable; }

    private static void write(Object value, StringBuilder out, int depth) {
      if (depth > DEPTH_MAX) throw new Unsayable("it is nested deeper than " + DEPTH_MAX);
      if (value == null || value instanceof Boolean) {
        out.append(value);
      } else if (value instanceof Number number) {
        if (!Double.isFinite(number.doubleValue())) throw new Unsayable(number + " is not a finite number");
        out.append(number);
      } else if (value instanceof CharSequence || value instanceof Character || value instanceof Enum) {
        quote(value.toString(), out);
      } else if (value instanceof Map<?, ?> members) {
        char before = '{';
        for (Map.Entry<?, ?> member : members.entrySet()) {
          quote(String.valueOf(member.getKey()), out.append(before));
          write(member.getValue(), out.append(':'), depth + 1);
          before = ',';
        }
        out.append(before == '{' ? "{}" : "}");
      } else if (value instanceof Iterable<?> items) {
        char before = '[';
        for (Object item : items) {
          write(item, out.append(before), depth + 1);
          before = ',';
        }
        out.append(before == '[' ? "[]" : "]");
      } else if (value instanceof Object[] items) {
        write(Arrays.asList(items), out, depth);
      } else {
        throw new Unsayable("JSON has no " + value.getClass().getName());
      }
    }

    private static void quote(String text, StringBuilder out) {
      out.append('"');
      for (int at = 0; at < text.length(); at++) {
        char c = text.charAt(at);
        boolean isLoneHalf = Character.isHighSurrogate(c)
            ? at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1))
            : Character.isLowSurrogate(c) && (at == 0 || !Character.isHighSurrogate(text.charAt(at - 1)));
        if (c < ' ' || isLoneHalf) out.append(String.format("\\u%04x", (int) c));
        else if (c == '"' || c == '\\') out.append('\\').append(c);
        else out.append(c);
      }
      out.append('"');
    }

    private char peek() {
      while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) at++;
      return at < text.length() ? text.charAt(at) : 0;
    }

    private IllegalArgumentException wrong() {
      if (at >= text.length()) return new IllegalArgumentException("it ends too early");
      String seen = text.substring(at, Math.min(text.length(), at + 20));
      return new IllegalArgumentException("`" + seen + "` at character " + at);
    }

    private boolean take(char expected) {
      boolean isThere = peek() == expected && at < text.length();
      if (isThere) at++;
      return isThere;
    }

    private Object word(String word, Object value) {
      if (!text.startsWith(word, at)) throw wrong();
      at += word.length();
      return value;
    }

    private Object value() {
      if (++depth > DEPTH_MAX) throw new IllegalArgumentException("it is nested deeper than " + DEPTH_MAX);
      char first = peek();
      Object value = switch (first) {
        case 'n' -> word("null", null);
        case 't' -> word("true", true);
        case 'f' -> word("false", false);
        case '"' -> string();
        case '[' -> list();
        case '{' -> members();
        default -> number();
      };
      depth--;
      return value;
    }

    private List<Object> list() {
      List<Object> items = new ArrayList<>();
      at++;
      if (take(']')) return items;
      do items.add(value()); while (take(','));
      if (!take(']')) throw wrong();
      return items;
    }

    private Map<String, Object> members() {
      Map<String, Object> members = new LinkedHashMap<>();
      at++;
      if (take('}')) return members;
      do {
        if (peek() != '"') throw wrong();
        String name = string();
        if (!take(':')) throw wrong();
        members.put(name, value());
      } while (take(','));
      if (!take('}')) throw wrong();
      return members;
    }

    private Number number() {
      int end = at;
      while (end < text.length() && "0123456789+-.eE".indexOf(text.charAt(end)) >= 0) end++;
      String digits = text.substring(at, end);
      if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw wrong();
      double number = Double.parseDouble(digits);
      if (Double.isInfinite(number)) throw wrong();
      at = end;
      boolean isWhole = digits.length() < 19 && digits.chars().allMatch(c -> c == '-' || Character.isDigit(c));
      if (isWhole) return Long.parseLong(digits);
      return number;
    }

    private String string() {
      StringBuilder out = new StringBuilder();
      at++;
      while (true) {
        int from = at;
        while (at < text.length() && text.charAt(at) >= ' ' && text.charAt(at) != '"' && text.charAt(at) != '\\') at++;
        out.append(text, from, at);
        if (at >= text.length() || text.charAt(at) < ' ') throw wrong();
        if (text.charAt(at++) == '"') return out.toString();
        out.append(escape());
      }
    }

    private char escape() {
      if (at >= text.length()) throw wrong();
      char kind = text.charAt(at++);
      int plain = "\"\\/bfnrt".indexOf(kind);
      if (plain >= 0) return "\"\\/\b\f\n\r\t".charAt(plain);
      if (kind != 'u' || at + 4 > text.length()) throw wrong();
      String digits = text.substring(at, at + 4);
      if (!digits.matches("[0-9a-fA-F]{4}")) throw wrong();
      at += 4;
      return (char) Integer.parseInt(digits, 16);
    }
  }
}
