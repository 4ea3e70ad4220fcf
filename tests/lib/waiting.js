/// Waiting for what happens, with an end to every wait.

export class TimedOut extends Error {}

/// `promise`, or TimedOut after `ms`.
export async function within(ms, promise, what = "an event") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new TimedOut(`no ${typeof what === "function" ? what() : what} within ${ms} ms`)),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/// Asks again and again until `question()` is truthy; that is the result.
export async function eventually(question, what, ms = 5000) {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (performance.now() > end) throw new TimedOut(`not within ${ms} ms: ${what}`);
    await delay(5);
  }
}

export function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/// The sanitizers make everything slower; what a test allows in time is multiplied by this.
export const patience = { asan: 4, tsan: 8 }[process.env.SLUICE_BUILD] ?? 1;

/// Bytes that a test may see a process grow by. A sanitizer keeps freed memory back: under one there is no such bound.
export function growthMax(bytes) {
  return patience === 1 ? bytes : Infinity;
}

/// A promise with its ends outside.
export function deferred() {
  return Promise.withResolvers();
}
