// The work itself, without a word about Gantry: `node --test` tests it anywhere.
export function greet(name) {
  return `Hello, ${name}!`;
}
