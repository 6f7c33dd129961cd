// src/post.ts
import { rmSync } from "node:fs";

// src/runner.ts
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
var InputError = class extends Error {
};
function runnerOf(env, write, newId = randomUUID) {
  const message = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text) => message(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  function append(file, name, value) {
    const path = env[file];
    if (!path || !existsSync(path)) throw new Error(`${file} is missing. This action runs only on GitHub Actions.`);
    const delimiter = `ghadelimiter_${newId()}`;
    if (name.includes(delimiter) || value.includes(delimiter)) throw new Error("a value contains the delimiter");
    appendFileSync(path, `${name}<<${delimiter}
${value}
${delimiter}
`);
  }
  const input = (name) => (env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`] ?? "").trim();
  return {
    env,
    input,
    required(name) {
      const value = input(name);
      if (value === "") throw new InputError(`Input required and not supplied: ${name}`);
      return value;
    },
    /** YAML's true and false, in the forms that the toolkit accepts. */
    flag(name, fallback = false) {
      const value = input(name);
      if (value === "") return fallback;
      if (/^(true|True|TRUE)$/.test(value)) return true;
      if (/^(false|False|FALSE)$/.test(value)) return false;
      throw new InputError(`Input ${name} must be true or false`);
    },
    /** A whole number, or undefined. */
    number(name) {
      const value = input(name);
      if (value === "") return void 0;
      if (!/^\d{1,9}$/.test(value)) throw new InputError(`Input ${name} must be a whole number`);
      return Number(value);
    },
    /** Call this before any other use of a secret. The runner masks the secret in all later output. */
    mask(secret) {
      if (secret.trim() !== "") write(`::add-mask::${message(secret)}`);
    },
    exportVariable: (name, value) => append("GITHUB_ENV", name, value),
    output: (name, value) => append("GITHUB_OUTPUT", name, value),
    saveState: (name, value) => append("GITHUB_STATE", name, value),
    state: (name) => env[`STATE_${name}`] ?? "",
    /** Prints any text safely: the runner looks for commands at the start of a line (`::`) and within a line (`##[`). */
    info: (text) => write(
      text.replaceAll(/[\r\n]+/g, " ").replaceAll("::", ": :").replaceAll("##[", "# #[")
    ),
    notice: (title, text) => write(`::notice title=${property(title)}::${message(text)}`),
    warning: (title, text) => write(`::warning title=${property(title)}::${message(text)}`),
    error: (title, text) => write(`::error title=${property(title)}::${message(text)}`)
  };
}

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
async function fetchIdToken(env, audience, get) {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN];
  if (!url || !bearer)
    throw new NoToken(
      "This job cannot request a token. Add permissions: { id-token: write }. Pull requests from forks cannot have this permission."
    );
  const answer = await boundedFetch(`${url}&audience=${encodeURIComponent(audience)}`, {
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

// src/stint.ts
var Refusal = class extends Error {
  problem;
  requestId;
  constructor(problem, requestId) {
    super(problem.detail);
    this.problem = problem;
    this.requestId = requestId;
  }
};
async function endSession(broker, world, session2) {
  await ask(broker, world, `/sessions/${encodeURIComponent(session2)}?everyEarlierSession=keep`, { method: "DELETE" });
}
var ANSWER_MS2 = 6e4;
var MAX_ANSWER_BYTES2 = 1024 * 1024;
var isPassing = (status) => status === 429 || status === 503 || status === 504;
async function ask(inputs, world, path, init, requestId) {
  for (let attempt = 1; ; attempt++) {
    const outcome = await world.token().then(
      (token) => boundedFetch(`${inputs.url}${path}`, {
        ...init,
        timeoutMs: ANSWER_MS2,
        maxBytes: MAX_ANSWER_BYTES2,
        fetch: world.fetch,
        headers: { ...init.headers, authorization: `Bearer ${token}` }
      })
    ).catch((error) => error);
    const last = attempt >= inputs.attempts;
    if (outcome instanceof Error) {
      if (last || outcome instanceof NoToken) throw outcome;
      world.say(`Attempt ${attempt} of ${inputs.attempts} failed: ${reasonOf(outcome)}`);
      await world.sleep(pause(attempt));
      continue;
    }
    if (outcome.ok) return outcome;
    const problem = problemOf(outcome);
    if (last || !isPassing(outcome.status)) throw new Refusal(problem, requestId);
    world.say(`Attempt ${attempt} of ${inputs.attempts} failed: ${problem.code}: ${problem.detail}`);
    await world.sleep(problem.retryAfter === void 0 ? pause(attempt) : problem.retryAfter * 1e3);
  }
}
var pause = (attempt) => Math.random() * Math.min(2e4, 250 * 2 ** attempt);
var reasonOf = (error) => error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
function problemOf(answer) {
  const text = answer.text();
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? { retryAfter: Math.min(60, seconds) } : {};
  try {
    const body = JSON.parse(text);
    if (typeof body.code === "string") return { ...body, status: answer.status, ...retryAfter };
    if (typeof body.Code === "string")
      return { code: body.Code, title: body.Code, detail: body.Message ?? "", status: answer.status, ...retryAfter };
  } catch {
  }
  return {
    status: answer.status,
    code: "unknown",
    title: `HTTP ${answer.status}`,
    detail: "The response is not from Stint. Check stint-url.",
    ...retryAfter
  };
}

// src/world.ts
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
}) => async (url, ask2 = {}) => {
  const target = new URL(url);
  const name = `${ask2.method ?? "GET"} ${target.host}${target.pathname}`;
  const startedAt = performance.now();
  try {
    const reply = await exchange(target, ask2, env);
    debug(`${name} ${reply.status} ${Math.round(performance.now() - startedAt)} ms ${reply.headers["stint-trace"] ?? ""}`.trimEnd());
    return reply;
  } catch (error) {
    const why = error instanceof TimedOut ? `no complete response within ${(ask2.timeoutMs ?? TIMEOUT_MS) / 1e3} seconds` : reasonOf2(error);
    debug(`${name} failed: ${why}`);
    throw new Failure("unreachable", `${target.host} is unreachable: ${why}.`, {
      next: "Check the URL, the network and HTTPS_PROXY: stint status"
    });
  }
};
var TimedOut = class extends Error {
};
var reasonOf2 = (error) => {
  const { message, code, errors } = error;
  return message || errors?.[0]?.message || code || "no connection";
};
async function exchange(target, ask2, env) {
  const proxy = proxyFor(target, env);
  const stops = [];
  const { promise: late, reject } = deferred();
  const timer = setTimeout(() => reject(new TimedOut()), ask2.timeoutMs ?? TIMEOUT_MS);
  const abort = () => reject(new Error("interrupted"));
  if (ask2.signal?.aborted) abort();
  ask2.signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([late, answered(target, ask2, proxy, (stop) => void stops.push(stop))]);
  } finally {
    clearTimeout(timer);
    ask2.signal?.removeEventListener("abort", abort);
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
async function answered(target, ask2, proxy, onStop) {
  const secure = target.protocol === "https:";
  const socket = proxy && secure ? await tunnel(proxy, target, onStop) : void 0;
  const options = {
    method: ask2.method ?? "GET",
    agent: false,
    headers: {
      "user-agent": "stint-cli",
      accept: "application/json, */*;q=0.1",
      ...ask2.headers,
      ...ask2.body === void 0 ? {} : { "content-length": String(Buffer.byteLength(ask2.body)) }
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
    call.on("response", (response) => void collected(response, ask2.maxBytes ?? MAX_BYTES).then(resolve, reject));
    call.end(ask2.body);
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
    call.on("error", (error) => reject(new Error(`the proxy ${url.host}: ${reasonOf2(error)}`)));
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

// src/world.ts
var worldOf = (runner2, audience) => ({
  fetch: fetchFor(runner2.env),
  sleep: (milliseconds) => sleep(milliseconds),
  now: Date.now,
  say: runner2.info,
  async token() {
    const token = await fetchIdToken(runner2.env, audience, fetchFor(runner2.env));
    runner2.mask(token);
    return token;
  }
});

// src/post.ts
var END_MS = 3e4;
var ATTEMPTS = 3;
var runner = runnerOf(process.env, (line) => void process.stdout.write(`${line}
`));
var folder = runner.state("folder");
if (folder !== "") rmSync(folder, { recursive: true, force: true });
if (runner.state("exported") === "true") {
  for (const name of [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    ...folder === "" ? [] : ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]
  ])
    runner.exportVariable(name, "");
}
var session = runner.state("session");
var notEnded = (reason) => runner.warning("Stint", `The session ${session} was not ended, so it lasts until it expires: ${reason}`);
if (session !== "") {
  setTimeout(() => {
    notEnded(`no answer within ${END_MS / 1e3} seconds`);
    process.exit(0);
  }, END_MS).unref();
  try {
    await endSession({ url: runner.state("url"), attempts: ATTEMPTS }, worldOf(runner, runner.state("audience")), session);
    runner.info(`Ended the session ${session}.`);
  } catch (error) {
    notEnded(reasonOf(error));
  }
}
