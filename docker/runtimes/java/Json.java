package gantry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON without a library: a reader that refuses what RFC 8259 does, and a writer that refuses what it cannot say. */
public final class Json {
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
      write(java.util.Arrays.asList(items), out, depth);
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
