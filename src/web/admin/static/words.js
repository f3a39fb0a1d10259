// The texts of the admin: words.json, which the server's pages share.

const texts = await fetch(new URL("./words.json", import.meta.url)).then((answer) => answer.json());

/** The text of a key with its places filled; where it is a pair, `n` chooses between one and many. */
export const t = (key, places) => parts(key, places).join("");

/** The same in parts, so that an element, or several, can stand in a place. */
export function parts(key, places = {}) {
  const found = key.split(".").reduce((node, part) => node?.[part], texts);
  const text = Array.isArray(found) ? found[places.n === 1 ? 0 : 1] : found;
  if (typeof text !== "string") throw new Error(`no text ${key}`);
  return text.split(/(\{\w+\})/).flatMap((part) => {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (!name) return part === "" ? [] : [part];
    if (!(name in places)) throw new Error(`text ${key} lacks ${name}`);
    return places[name];
  });
}
