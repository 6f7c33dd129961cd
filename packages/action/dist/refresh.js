// src/refresh.ts
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// src/id-token.ts
var NoToken = class extends Error {
};
async function fetchIdToken(env, audience2, get) {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN];
  if (!url || !bearer)
    throw new NoToken(
      "This job may not ask for a token. Give it the permission: permissions: { id-token: write }. Jobs of pull requests from forks cannot have it."
    );
  const answer = await get(`${url}&audience=${encodeURIComponent(audience2)}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: "application/json" }
  });
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
var FALLBACK_SECONDS = 120;
var RETRY_SECONDS = 5;
var [, , file = "", audience = ""] = process.argv;
var wait = 0;
while (existsSync(file)) {
  await sleep(wait * 1e3);
  if (!existsSync(file)) break;
  try {
    const token = await fetchIdToken(process.env, audience, fetch);
    if (existsSync(file)) writeToken(file, token);
    wait = Math.max(1, (lifeOf(token)?.life ?? 2 * FALLBACK_SECONDS) / 2);
  } catch {
    wait = RETRY_SECONDS;
  }
}
