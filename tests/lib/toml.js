/// Writes the little TOML that the tests need.

function value(v) {
  if (Array.isArray(v)) return `[${v.map(value).join(", ")}]`;
  if (typeof v === "object")
    return `{ ${Object.entries(v)
      .map(([k, x]) => `${JSON.stringify(k)} = ${value(x)}`)
      .join(", ")} }`;
  return typeof v === "string" ? JSON.stringify(v) : String(v);
}

const lines = (table) =>
  Object.entries(table)
    .map(([k, v]) => `${k} = ${value(v)}\n`)
    .join("");

/// `{server: {...}, account: [{...}, ...]}`: objects become [tables], lists become [[tables]].
export function toml(document) {
  return Object.entries(document)
    .map(([name, table]) =>
      Array.isArray(table)
        ? table.map((one) => `[[${name}]]\n${lines(one)}`).join("\n")
        : `[${name}]\n${lines(table)}`,
    )
    .join("\n");
}
