// What the template of each language brings beside its files, which are in docker/runtimes/<language>/template. Java and the shell have no
// test of their own: nothing that comes with them would make it smaller than the fixture, which tests the whole plugin.
import type { Runtime } from '../../core/plugin.ts';

export interface TemplateLanguage {
  /** file that the runtime starts */
  readonly entry: string;
  /** tests the author's own code in the plugin's folder, on a machine without Gantry; null: the fixture is the test */
  readonly unitTest: string | null;
}

export const TEMPLATE_LANGUAGES: Readonly<Record<Runtime, TemplateLanguage>> = {
  python: { entry: 'main.py', unitTest: 'python3 -m unittest' },
  node: { entry: 'main.mjs', unitTest: 'node --test' },
  shell: { entry: 'main.sh', unitTest: null },
  go: { entry: 'main.go', unitTest: 'go test ./greeting' },
  rust: { entry: 'src/main.rs', unitTest: 'cargo test --lib' },
  java: { entry: 'Main.java', unitTest: null },
};
