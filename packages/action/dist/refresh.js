// src/refresh.ts
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// ../cli/src/frame/http.ts
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as tlsConnect } from "node:tls";

// ../cli/src/frame/failure.ts
var Failure = class extends Error {
  exit;
  facts;
  constructor(exit, message, facts = {}) {
    super(message);
    this.exit = exit;
    this.facts = facts;
  }
};

// ../cli/src/frame/proxy.ts
var LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
function proxyFor(target, env) {
  const set = (name) => env[name.toLowerCase()] || env[name] || void 0;
  if (LOOPBACK.test(target.hostname) || isExcluded(target, set("NO_PROXY") ?? "")) return void 0;
  const given = (target.protocol === "https:" ? set("HTTPS_PROXY") : set("HTTP_PROXY")) ?? set("ALL_PROXY");
  if (given === void 0) return void 0;
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
  if (!["http:", "https:"].includes(url.protocol)) throw new RangeError(`Unsupported proxy protocol '${url.protocol}'. Use an HTTP proxy.`);
  if (url.username === "") return { url };
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { url, authorization: `Basic ${Buffer.from(user).toString("base64")}` };
}
function isExcluded({ hostname, port, protocol }, list) {
  const number = port || (protocol === "https:" ? "443" : "80");
  return list.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== "").some((entry) => {
    if (entry === "*") return true;
    const [, host = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    const bare = host.replace(/^\*?\./, "");
    return (only === void 0 || only === number) && (hostname === bare || hostname.endsWith(`.${bare}`));
  });
}

// ../cli/src/frame/http.ts
var TIMEOUT_MS = 3e4;
var MAX_BYTES = 4 * 1024 * 1024;
var sender = (env, debug = () => {
}) => async (url, ask = {}) => {
  const target = new URL(url);
  const name = `${ask.method ?? "GET"} ${target.host}${target.pathname}`;
  const startedAt = performance.now();
  try {
    const reply = await exchange(target, ask, env);
    debug(`${name} ${reply.status} ${Math.round(performance.now() - startedAt)} ms ${reply.headers["stint-trace"] ?? ""}`.trimEnd());
    return reply;
  } catch (error) {
    const why = error instanceof TimedOut ? `no complete response within ${(ask.timeoutMs ?? TIMEOUT_MS) / 1e3} seconds` : reasonOf(error);
    debug(`${name} failed: ${why}`);
    throw new Failure("unreachable", `${target.host} is unreachable: ${why}.`, {
      next: "Check the URL, the network and HTTPS_PROXY: stint status"
    });
  }
};
var TimedOut = class extends Error {
};
var reasonOf = (error) => {
  const { message, code, errors } = error;
  return message || errors?.[0]?.message || code || "no connection";
};
async function exchange(target, ask, env) {
  const proxy = proxyFor(target, env);
  const stops = [];
  const { promise: late, reject } = deferred();
  const timer = setTimeout(() => reject(new TimedOut()), ask.timeoutMs ?? TIMEOUT_MS);
  const abort = () => reject(new Error("interrupted"));
  if (ask.signal?.aborted) abort();
  ask.signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([late, answered(target, ask, proxy, (stop) => void stops.push(stop))]);
  } finally {
    clearTimeout(timer);
    ask.signal?.removeEventListener("abort", abort);
    for (const stop of stops) stop();
  }
}
function deferred() {
  let reject = () => {
  };
  const promise = new Promise((_resolve, fail) => {
    reject = fail;
  });
  promise.catch(() => {
  });
  return { promise, reject };
}
async function answered(target, ask, proxy, onStop) {
  const secure = target.protocol === "https:";
  const socket = proxy && secure ? await tunnel(proxy, target, onStop) : void 0;
  const options = {
    method: ask.method ?? "GET",
    agent: false,
    headers: {
      "user-agent": "stint-cli",
      accept: "application/json, */*;q=0.1",
      ...ask.headers,
      ...ask.body === void 0 ? {} : { "content-length": String(Buffer.byteLength(ask.body)) }
    }
  };
  const started = () => {
    if (socket) {
      const servername = /^[\d.]+$|^\[/.test(target.hostname) ? {} : { servername: target.hostname };
      const { agent: _agent, ...direct } = options;
      return httpsRequest(target, { ...direct, defaultPort: 443, createConnection: () => tlsConnect({ socket, ...servername }) });
    }
    if (secure) return httpsRequest(target, options);
    if (!proxy) return httpRequest(target, options);
    const { hostname, port, protocol } = proxy.url;
    const headers = { ...options.headers, host: target.host, ...authorizationOf(proxy) };
    const through = { ...options, headers, hostname, port: port || (protocol === "https:" ? 443 : 80), path: target.href };
    return protocol === "https:" ? httpsRequest(through) : httpRequest(through);
  };
  return new Promise((resolve, reject) => {
    const call = started();
    onStop(() => call.destroy());
    call.on("error", reject);
    call.on("response", (response) => void collected(response, ask.maxBytes ?? MAX_BYTES).then(resolve, reject));
    call.end(ask.body);
  });
}
var authorizationOf = ({ authorization }) => authorization === void 0 ? {} : { "proxy-authorization": authorization };
function tunnel(proxy, { hostname, port }, onStop) {
  const authority = `${hostname}:${port || 443}`;
  const { url } = proxy;
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const call = send({
      hostname: url.hostname,
      port: url.port || (url.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: authority,
      agent: false,
      headers: { host: authority, ...authorizationOf(proxy) }
    });
    onStop(() => call.destroy());
    call.on("connect", ({ statusCode }, socket) => {
      onStop(() => socket.destroy());
      if (statusCode === 200) resolve(socket);
      else reject(new Error(`the proxy ${url.host} answered ${statusCode} to CONNECT`));
    });
    call.on("response", ({ statusCode }) => reject(new Error(`the proxy ${url.host} answered ${statusCode} to CONNECT`)));
    call.on("error", (error) => reject(new Error(`the proxy ${url.host}: ${reasonOf(error)}`)));
    call.end();
  });
}
async function collected(response, maxBytes) {
  const parts = [];
  let size = 0;
  for await (const part of response) {
    size += part.length;
    if (size > maxBytes) throw new Error(`the response is larger than ${maxBytes.toLocaleString("en-US")} bytes`);
    parts.push(part);
  }
  const status = response.statusCode ?? 0;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value ?? ""])
  );
  const bytes = Buffer.concat(parts);
  return { status, ok: status >= 200 && status < 300, headers, bytes, text: bytes.toString("utf8") };
}

// ../cli/src/frame/proxied-fetch.ts
var MAX_BYTES2 = 64 * 1024 * 1024;
var TIMEOUT_MS2 = 12e4;
var fetchFor = (env) => async (input, init = {}) => {
  const url = String(input);
  if (!proxyFor(new URL(url), env)) return fetch(input, init);
  const { status, headers, bytes } = await sender(env)(url, {
    method: init.method ?? "GET",
    headers: Object.fromEntries(new Headers(init.headers)),
    ...typeof init.body === "string" ? { body: init.body } : {},
    ...init.signal ? { signal: init.signal } : {},
    maxBytes: MAX_BYTES2,
    timeoutMs: TIMEOUT_MS2
  });
  return new Response([204, 304].includes(status) ? null : Buffer.from(bytes), { status, headers });
};

// ../broker/src/adapters/bounded-fetch.ts
var FetchFailed = class extends Error {
};
var TooLarge = class extends FetchFailed {
};
async function boundedFetch(url, {
  timeoutMs,
  maxBytes,
  timers = globalThis,
  fetch: send = fetch,
  redirect = "error",
  ...init
}) {
  const { pathname, host } = new URL(url);
  const message = (why) => `${init.method ?? "GET"} ${pathname} on ${host}: ${why}`;
  const failed = (why) => new FetchFailed(message(why));
  const tooLarge = () => new TooLarge(message(`the response is larger than ${maxBytes.toLocaleString("en-US")} bytes. Check the URL.`));
  const stop = new AbortController();
  const timer = timers.setTimeout(() => stop.abort(TIMED_OUT), timeoutMs);
  const stopped = new Promise((_resolve, reject) => stop.signal.addEventListener("abort", () => reject(stop.signal.reason)));
  const exchange2 = async () => {
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
    return await Promise.race([exchange2(), stopped]);
  } catch (error) {
    const isLate = error === TIMED_OUT;
    stop.abort();
    if (error instanceof FetchFailed) throw error;
    if (isLate) throw failed(`no complete response within ${timeoutMs / 1e3} seconds. Try again, or check the network.`);
    const { message: said, cause } = error;
    throw failed(cause instanceof Error ? `${said}: ${cause.message || cause.code}` : said);
  } finally {
    timers.clearTimeout(timer);
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
    const token = await fetchIdToken(process.env, audience, fetchFor(process.env));
    if (!existsSync(file)) break;
    writeToken(file, token);
    wait = Math.max(1, (lifeOf(token)?.life ?? FALLBACK_LIFE_SECONDS) / 2);
  } catch (error) {
    if (error instanceof NoToken) break;
    wait = RETRY_SECONDS;
  }
}
