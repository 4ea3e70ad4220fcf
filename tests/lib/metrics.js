/// Reads the Prometheus text format.

export function parseMetrics(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
    if (!found) throw new Error(`not a sample: ${JSON.stringify(line)}`);
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g))
      labels[name] = value;
    samples.push({ name: found[1], labels, value: Number(found[3]) });
  }
  return {
    samples,
    /// The sum over all samples of that name whose labels hold what `labels` says.
    sum(name, labels = {}) {
      return samples
        .filter(
          (sample) =>
            sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v),
        )
        .reduce((total, sample) => total + sample.value, 0);
    },
  };
}
