// src/main.ts
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, writeFileSync as writeFileSync2 } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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

// src/inputs.ts
var DEFAULT_ATTEMPTS = 12;
var LONGEST_TIMEOUT_SECONDS = 432e3;
function readInputs(runner2) {
  const url = brokerUrl(runner2.required("stint-url"));
  const optional = (name, as) => runner2.input(name) === "" ? {} : { [as]: runner2.input(name) };
  const duration = runner2.number("role-duration-seconds");
  const timeout = runner2.number("action-timeout-s");
  if (timeout !== void 0 && timeout > LONGEST_TIMEOUT_SECONDS)
    throw new InputError(`action-timeout-s must be at most ${LONGEST_TIMEOUT_SECONDS}`);
  const region = runner2.input("aws-region");
  if (region !== "" && !/^[a-z0-9-]+$/.test(region)) throw new InputError(`Invalid region: ${region}`);
  const inputs = {
    url,
    profile: runner2.required("profile"),
    parameters: parametersOf(runner2.input("parameters")),
    audience: runner2.input("audience") || url,
    ...region === "" ? {} : { region },
    ...duration === void 0 ? {} : { duration },
    ...narrowOf(runner2.input("inline-session-policy")),
    ...optional("justification", "justification"),
    ...optional("ticket", "ticket"),
    ...optional("request-id", "requestId"),
    approvalTimeout: runner2.number("approval-timeout-s") ?? 0,
    allowedAccounts: accountsOf(runner2.input("allowed-account-ids")),
    maskAccount: runner2.flag("mask-aws-account-id"),
    outputCredentials: runner2.flag("output-credentials"),
    exportCredentials: runner2.flag("output-env-credentials", true),
    unsetCurrent: runner2.flag("unset-current-credentials"),
    refresh: runner2.flag("refresh"),
    attempts: runner2.flag("disable-retry") ? 1 : Math.max(1, runner2.number("retry-max-attempts") ?? DEFAULT_ATTEMPTS),
    ...timeout === void 0 ? {} : { timeout }
  };
  if (inputs.refresh && (inputs.duration !== void 0 || inputs.narrow !== void 0 || inputs.requestId !== void 0))
    throw new InputError(
      "refresh cannot be used with role-duration-seconds, inline-session-policy or request-id, because SDKs request the profile as it is"
    );
  return inputs;
}
function brokerUrl(text) {
  const fault = new InputError("stint-url must be an https URL");
  if (!URL.canParse(text)) throw fault;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const safe = protocol === "https:" || protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
  if (!safe || username !== "" || password !== "" || search !== "" || hash !== "") throw fault;
  return text.replace(/\/+$/, "");
}
function parametersOf(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new InputError("parameters must have one name=value per line");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    })
  );
}
function narrowOf(text) {
  if (text === "") return {};
  try {
    return { narrow: JSON.parse(text) };
  } catch {
    throw new InputError("inline-session-policy is not valid JSON");
  }
}
function accountsOf(text) {
  const ids = text.split(",").map((id) => id.trim()).filter((id) => id !== "");
  if (text !== "" && ids.length === 0) throw new InputError("allowed-account-ids has no account ID");
  if (ids.some((id) => !/^\d{12}$/.test(id))) throw new InputError("allowed-account-ids must have account IDs of 12 digits");
  return ids;
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
async function openSession(inputs, world, requestId = inputs.requestId) {
  const body = JSON.stringify({
    profile: inputs.profile,
    ...Object.keys(inputs.parameters).length > 0 ? { parameters: inputs.parameters } : {},
    ...inputs.duration === void 0 ? {} : { duration: inputs.duration },
    ...inputs.narrow === void 0 ? {} : { narrow: inputs.narrow },
    ...inputs.justification === void 0 ? {} : { justification: inputs.justification },
    ...inputs.ticket === void 0 ? {} : { ticket: inputs.ticket },
    ...requestId === void 0 ? {} : { requestId }
  });
  const answer = await ask(inputs, world, "/sessions", { method: "POST", headers: { "content-type": "application/json" }, body }, requestId);
  const json = JSON.parse(answer.text());
  return answer.status === 202 ? { waiting: json.requestId } : { ...json, endOnExit: answer.headers.get("stint-end-on-exit") === "true" };
}
var LONGEST_WAIT_SECONDS = 20;
async function awaitDecision(inputs, world, requestId, deadline) {
  for (; ; ) {
    const wait = Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Math.ceil((deadline - world.now()) / 1e3)));
    const answer = await ask(inputs, world, `/requests/${requestId}`, wait > 0 ? { headers: { prefer: `wait=${wait}` } } : {}, requestId);
    const { state } = JSON.parse(answer.text());
    if (state !== "pending" || world.now() >= deadline) return state;
    await world.sleep(1e3);
  }
}
var readProfile = async (inputs, world) => JSON.parse((await ask(inputs, world, `/profiles/${encodeURIComponent(inputs.profile)}`, {})).text());
function credentialsPath({ profile, parameters }) {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [`p.${name}`, value]));
  return `/credentials/${encodeURIComponent(profile)}${query.size > 0 ? `?${query}` : ""}`;
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

// src/token-file.ts
import { renameSync, writeFileSync } from "node:fs";
function writeToken(file, token) {
  writeFileSync(`${file}.new`, `Bearer ${token}`, { mode: 384 });
  renameSync(`${file}.new`, file);
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
  const promise = new Promise((_resolve, fail2) => {
    reject = fail2;
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

// src/main.ts
var CREDENTIALS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
var REGIONS = ["AWS_REGION", "AWS_DEFAULT_REGION"];
async function run(runner2) {
  const inputs = readInputs(runner2);
  if (inputs.timeout !== void 0 && inputs.timeout > 0) {
    setTimeout(() => {
      runner2.error("Stint", `Action timed out after ${inputs.timeout} seconds`);
      process.exit(1);
    }, inputs.timeout * 1e3).unref();
  }
  const world = worldOf(runner2, inputs.audience);
  if (inputs.unsetCurrent && inputs.exportCredentials) for (const name of [...CREDENTIALS, ...REGIONS]) runner2.exportVariable(name, "");
  await (inputs.refresh ? keepFresh(runner2, inputs, world) : takeSession(runner2, inputs, world));
}
async function takeSession(runner2, inputs, world) {
  const session = await sessionAgreedTo(runner2, inputs, world);
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = session.credentials;
  for (const secret of [accessKeyId, secretAccessKey, sessionToken]) runner2.mask(secret);
  if (session.endOnExit)
    for (const [name, value] of Object.entries({ session: session.id, url: inputs.url, audience: inputs.audience }))
      runner2.saveState(name, value);
  checkAccount(runner2, inputs, session.assumedRoleArn.split(":")[4] ?? "", session.assumedRoleArn);
  if (inputs.exportCredentials) {
    runner2.exportVariable("AWS_ACCESS_KEY_ID", accessKeyId);
    runner2.exportVariable("AWS_SECRET_ACCESS_KEY", secretAccessKey);
    runner2.exportVariable("AWS_SESSION_TOKEN", sessionToken);
    for (const name of REGIONS) runner2.exportVariable(name, inputs.region ?? session.region);
    runner2.saveState("exported", "true");
  }
  if (inputs.outputCredentials) {
    runner2.output("aws-access-key-id", accessKeyId);
    runner2.output("aws-secret-access-key", secretAccessKey);
    runner2.output("aws-session-token", sessionToken);
  }
  runner2.output("aws-account-id", session.account);
  runner2.output("aws-expiration", expiration);
  runner2.output("authenticated-arn", session.assumedRoleArn);
  runner2.output("session-id", session.id);
  runner2.output("request-id", session.requestId);
  runner2.info(`Session ${session.id} for ${inputs.profile} expires at ${expiration}.`);
}
async function sessionAgreedTo(runner2, inputs, world) {
  const first = await openSession(inputs, world);
  if (!("waiting" in first)) return first;
  const { waiting } = first;
  runner2.output("request-id", waiting);
  if (inputs.approvalTimeout === 0)
    throw new Refusal(
      waitingProblem(
        `Request ${waiting} needs approval.`,
        "Run this job again with request-id once it is approved, or set approval-timeout-s to wait here."
      ),
      waiting
    );
  runner2.notice("Stint", `Request ${waiting} for ${inputs.profile} needs approval. Waiting for up to ${inputs.approvalTimeout} seconds.`);
  const state = await awaitDecision(inputs, world, waiting, world.now() + inputs.approvalTimeout * 1e3);
  if (state !== "approved") {
    const ended = state === "pending" ? `Request ${waiting} was not approved within ${inputs.approvalTimeout} seconds.` : `Request ${waiting} is ${state}.`;
    throw new Refusal(waitingProblem(ended, "Contact the approvers."), waiting);
  }
  const agreed = await openSession(inputs, world, waiting);
  if ("waiting" in agreed) throw new Error("an approved request was answered as pending");
  return agreed;
}
function waitingProblem(detail, next) {
  return { status: 202, code: "approval-required", title: "Approval is required", detail, next };
}
function checkAccount(runner2, inputs, account, arn) {
  if (inputs.maskAccount) for (const secret of [account, arn]) runner2.mask(secret);
  if (inputs.allowedAccounts.length > 0 && !inputs.allowedAccounts.includes(account))
    throw new InputError(
      `The account ID of the provided credentials (${account || "unknown"}) does not match any of the expected account IDs: ${inputs.allowedAccounts.join(", ")}`
    );
}
var BEFORE_THE_ENDPOINT = [
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_PROFILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
];
async function keepFresh(runner2, inputs, world) {
  const before = BEFORE_THE_ENDPOINT.find((name) => runner2.env[name]);
  if (before)
    throw new InputError(
      `${before} is set on this runner, so SDKs would use it instead of Stint. Unset it for this job, or do not use refresh.`
    );
  const profile = await readProfile(inputs, world);
  checkAccount(runner2, inputs, profile.account, profile.roleArn);
  const barred = barOf(inputs, profile);
  if (barred) throw new Refusal(barred);
  const folder = mkdtempSync(join(runner2.env.RUNNER_TEMP || tmpdir(), "stint-"));
  chmodSync(folder, 448);
  runner2.saveState("folder", folder);
  runner2.saveState("exported", "true");
  const [file, empty] = [join(folder, "token"), join(folder, "empty")];
  writeFileSync2(empty, "", { mode: 384 });
  writeToken(file, await world.token());
  spawn(process.execPath, [fileURLToPath(new URL("refresh.js", import.meta.url)), file, inputs.audience], {
    detached: true,
    stdio: "ignore",
    env: Object.fromEntries(Object.entries(runner2.env).filter(([name]) => REFRESHER_NEEDS.test(name)))
  }).unref();
  for (const name of CREDENTIALS) runner2.exportVariable(name, "");
  for (const name of ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]) runner2.exportVariable(name, empty);
  runner2.exportVariable("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${inputs.url}${credentialsPath(inputs)}`);
  runner2.exportVariable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
  for (const name of REGIONS) runner2.exportVariable(name, inputs.region ?? profile.region);
  runner2.output("aws-account-id", profile.account);
  runner2.info(`SDKs in later steps fetch and renew credentials for ${inputs.profile} on their own.`);
}
var REFRESHER_NEEDS = /^(ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)|RUNNER_TRACKING_ID|PATH|(HTTPS?|ALL|NO)_PROXY|NODE_(USE_ENV_PROXY|EXTRA_CA_CERTS|OPTIONS)|SSL_CERT_(FILE|DIR))$/i;
function barOf(inputs, profile) {
  const no = (code, title, detail, reasons = []) => ({
    status: 403,
    code,
    title,
    detail,
    reasons
  });
  if (profile.access === "refused")
    return no(
      profile.missing[0] ?? "not-eligible",
      "You are not eligible for this profile",
      "The rules of the profile do not match this job.",
      profile.missing
    );
  if (profile.container !== void 0) return no("refresh", "This profile cannot be refreshed", profile.container);
  const [wanted, given] = [Object.keys(profile.parameters), Object.keys(inputs.parameters)];
  const odd = [...wanted.filter((name) => !given.includes(name)), ...given.filter((name) => !wanted.includes(name))];
  return odd.length > 0 ? no("parameter-invalid", "Invalid parameter", `The profile's parameters are: ${wanted.join(", ") || "none"}.`, odd) : void 0;
}
function fail(runner2, error) {
  process.exitCode = 1;
  if (error instanceof Refusal) runner2.error(`Stint: ${error.problem.code}`, refusalText(error));
  else {
    const known = error instanceof InputError || error instanceof NoToken;
    runner2.error("Stint", known ? error.message : `Stint is unreachable: ${reasonOf(error)}`);
  }
}
function refusalText({ problem, requestId }) {
  return [
    `${problem.title}: ${problem.detail}`,
    ...problem.reasons?.length ? [`Reasons: ${problem.reasons.join(", ")}`] : [],
    ...problem.next ? [`Next: ${problem.next}`] : [],
    `Code ${problem.code}${problem.trace ? `, trace ${problem.trace}` : ""}${requestId ? `, request ${requestId}` : ""}`
  ].join("\n");
}
var runner = runnerOf(process.env, (line) => void process.stdout.write(`${line}
`));
try {
  await run(runner);
} catch (error) {
  fail(runner, error);
}
