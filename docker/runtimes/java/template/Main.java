// What Gantry calls: takes the request apart and gives a Map. Whatever is printed is a log line.
import static gantry.Gantry.*;

import java.util.Map;

public class Main {
  public static void main(String[] args) {
    run(request -> {
      Map<?, ?> params = (Map<?, ?>) request.context().get("params");
      Object name = params.get("name") == null ? "world" : params.get("name");
      log("info", "greeting", Map.of("name", name));
      return Map.of("PLUGIN_NAME", greet(name));
    });
  }

  static String greet(Object name) {
    return "Hello, " + name + "!";
  }
}
