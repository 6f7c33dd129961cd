// src/refresh.ts
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// ../broker/src/adapters/bounded-fetch.ts
var FetchFailed = class extends Error {
};
var TooLarge = class extends FetchFailed {
};
async function boundedFetch(url, { timeoutMs, maxBytes, fetch: send = fetch, redirect = "error", ...init }) {
  const { pathname, host } = new URL(url);
  const message = (why) => `${init.method ?? "GET"} ${pathname} on ${host}: ${why}`;
  const failed = (why) => new FetchFailed(message(why));
  const tooLarge = () => new TooLarge(message(`the response is larger than ${maxBytes.toLocaleString("en-US")} bytes. Check the URL.`));
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(TIMED_OUT), timeoutMs);
  const stopped = new Promise((_resolve, reject) => stop.signal.addEventListener("abort", () => reject(stop.signal.reason)));
  const exchange = async () => {
    const answer = await send(url, { ...init, redirect, signal: stop.signal });
    if (Number(answer.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
    const parts = [];
    let size = 0;
    for await (const part of answer.body ?? []) {
      size += part.length;
      if (size > maxBytes) throw tooLarge();
      parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    return { status: answer.status, ok: answer.ok, headers: answer.headers, bytes, text: () => bytes.toString("utf8") };
  };
  try {
    return await Promise.race([exchange(), stopped]);
  } catch (error) {
    const isLate = error === TIMED_OUT;
    stop.abort();
    if (error instanceof FetchFailed) throw error;
    if (isLate) throw failed(`no complete response within ${timeoutMs / 1e3} seconds. Try again, or check the network.`);
    const { message: said, cause } = error;
    throw failed(cause instanceof Error ? `${said}: ${cause.message || cause.code}` : said);
  } finally {
    clearTimeout(timer);
  }
}
var TIMED_OUT = new Error("timed out");

// src/id-token.ts
var NoToken = class extends Error {
};
var ANSWER_MS = 1e4;
var MAX_ANSWER_BYTES = 64 * 1024;
async function fetchIdToken(env, audience2, get) {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN];
  if (!url || !bearer)
    throw new NoToken(
      "This job cannot request a token. Add permissions: { id-token: write }. Pull requests from forks cannot have this permission."
    );
  const answer = await boundedFetch(`${url}&audience=${encodeURIComponent(audience2)}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: "application/json" },
    redirect: "follow",
    timeoutMs: ANSWER_MS,
    maxBytes: MAX_ANSWER_BYTES,
    fetch: get
  });
  if (answer.status === 401 || answer.status === 403)
    throw new NoToken(`GitHub's token endpoint answered ${answer.status}: the job can no longer request tokens`);
  if (!answer.ok) throw new Error(`GitHub's token endpoint answered ${answer.status}`);
  const { value } = JSON.parse(answer.text());
  if (typeof value !== "string" || value === "") throw new Error("GitHub's token endpoint returned no token");
  return value;
}
function lifeOf(token) {
  try {
    const { exp, iat } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof exp === "number" && typeof iat === "number" ? { exp, life: exp - iat } : void 0;
  } catch {
    return void 0;
  }
}

// src/token-file.ts
import { renameSync, writeFileSync } from "node:fs";
function writeToken(file2, token) {
  writeFileSync(`${file2}.new`, `Bearer ${token}`, { mode: 384 });
  renameSync(`${file2}.new`, file2);
}

// src/refresh.ts
var FALLBACK_LIFE_SECONDS = 240;
var RETRY_SECONDS = 5;
var LOOK_SECONDS = 2;
var LONGEST_MS = 24 * 3600 * 1e3;
var [, , file = "", audience = ""] = process.argv;
var end = Date.now() + LONGEST_MS;
var wait = 0;
while (Date.now() < end) {
  for (let left = wait; left > 0 && existsSync(file); left -= LOOK_SECONDS) await sleep(Math.min(left, LOOK_SECONDS) * 1e3);
  if (!existsSync(file)) break;
  try {
    const token = await fetchIdToken(process.env, audience, fetch);
    if (!existsSync(file)) break;
    writeToken(file, token);
    wait = Math.max(1, (lifeOf(token)?.life ?? FALLBACK_LIFE_SECONDS) / 2);
  } catch (error) {
    if (error instanceof NoToken) break;
    wait = RETRY_SECONDS;
  }
}
