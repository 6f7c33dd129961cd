// src/refresh.ts
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// src/id-token.ts
var NoToken = class extends Error {
};
var ANSWER_MS = 1e4;
async function fetchIdToken(env, audience2, get) {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN];
  if (!url || !bearer)
    throw new NoToken(
      "This job may not ask for a token. Give it the permission: permissions: { id-token: write }. Jobs of pull requests from forks cannot have it."
    );
  const answer = await get(`${url}&audience=${encodeURIComponent(audience2)}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: "application/json" },
    signal: AbortSignal.timeout(ANSWER_MS)
  });
  if (answer.status === 401 || answer.status === 403)
    throw new NoToken(`GitHub's token endpoint answered ${answer.status}: the job may not ask any more`);
  if (!answer.ok) throw new Error(`GitHub's token endpoint answered ${answer.status}`);
  const { value } = await answer.json();
  if (typeof value !== "string" || value === "") throw new Error("GitHub's token endpoint gave no token");
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
