// Second factors, and signing in without a password.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { EMAIL, PASSWORD, call, letter, me, open, signIn, signUp, url } from "./stage.mjs";

/** The one-time code (RFC 6238) of this many steps from now. */
function oneTimeCode(secret, steps = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** An authenticator of the machine that the page is on. Its owner touches it and is recognised, unless told otherwise. */
async function authenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { say: (what, more = {}) => devtools.send(`WebAuthn.${what}`, { authenticatorId, ...more }) };
}

/** What the browser answers to options; the name of its error if it refuses. */
async function ask(page, kind, { publicKey }) {
  return page.evaluate(async ([kind, json]) => {
    try {
      const credential = kind === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json) });
      return credential.toJSON();
    } catch (error) {
      return error.name;
    }
  }, [kind, publicKey]);
}

async function addPasskey(page, name) {
  const options = await call(page, "POST", "/api/auth/passkeys/register/options", {});
  assert.equal(options.status, 200);
  const credential = await ask(page, "create", options.body);
  return { credential, answer: await call(page, "POST", "/api/auth/passkeys/register", { name, credential }) };
}

/** What the browser answers to somebody who would sign in. */
async function assertion(page) {
  const options = await call(page, "POST", "/api/auth/passkeys/login/options", {});
  assert.equal(options.status, 200);
  return ask(page, "get", options.body);
}

const withPasskey = (page, credential) => call(page, "POST", "/api/auth/passkeys/login", { credential });

export default {
  async "one-time-codes"(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    const begun = await call(page, "POST", "/api/auth/mfa/setup", {});
    assert.equal(begun.status, 200);
    const { secret, qrCode } = begun.body;
    const width = await page.evaluate(async (src) => {
      const picture = document.body.appendChild(Object.assign(new Image(), { src }));
      await picture.decode();
      return picture.naturalWidth;
    }, qrCode);
    assert.ok(width > 100, "the picture can be scanned off a page under our policy");
    assert.equal((await signIn(page, PASSWORD)).body.requireMfa, false, "nothing is on yet");
    const verify = (code) => call(page, "POST", "/api/auth/mfa/verify", { code });
    assert.equal((await verify(oneTimeCode(secret, 40))).status, 400);
    const first = oneTimeCode(secret);
    const enrolled = await verify(first);
    assert.equal(enrolled.status, 200);
    assert.equal(new Set(enrolled.body.backupCodes).size, 10);
    assert.equal((await me(page)).body.user.mfaEnabled, true);
    await letter("A second step was switched on");

    const other = await open(browser);
    await other.goto(url);
    const half = await signIn(other, PASSWORD);
    assert.deepEqual([half.status, half.body.requireMfa, half.body.tokens, half.body.user], [200, true, null, null]);
    assert.equal((await other.context().cookies()).length, 0);
    assert.equal((await me(other)).status, 401, "the password alone is not enough");
    assert.equal((await signIn(other, PASSWORD, { mfaCode: first })).status, 401, "the code of the set-up is spent");
    const next = oneTimeCode(secret, 1);
    assert.equal((await signIn(other, PASSWORD, { mfaCode: next })).status, 200);
    assert.equal((await me(other)).body.user.email, EMAIL);

    const third = await open(browser);
    await third.goto(url);
    assert.equal((await signIn(third, PASSWORD, { mfaCode: next })).status, 401, "a code passes once");
    const [backup] = enrolled.body.backupCodes;
    const spelled = `${backup.slice(0, 5)}-${backup.slice(5)}`.toLowerCase();
    assert.equal((await signIn(third, PASSWORD, { mfaCode: spelled })).status, 200, "as people copy it");
    assert.equal((await me(third)).status, 200);
    const fourth = await open(browser);
    await fourth.goto(url);
    assert.equal((await signIn(fourth, PASSWORD, { mfaCode: backup })).status, 401, "a backup code passes once");
    assert.deepEqual(page.complaints, []);
  },

  async passkey(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    const device = await authenticator(page);
    const added = await addPasskey(page, "Tendai's phone");
    assert.equal(added.answer.status, 201, JSON.stringify(added.answer.body));
    assert.equal((await call(page, "POST", "/api/auth/passkeys/register", { name: "Again", credential: added.credential })).status, 400, "an answer is good once");
    assert.equal((await addPasskey(page, "Twice")).credential, "InvalidStateError", "the browser knows which devices have one");
    const listed = (await call(page, "GET", "/api/auth/passkeys")).body.passkeys;
    assert.deepEqual(listed.map((one) => [one.name, one.lastUsedAt]), [["Tendai's phone", null]]);
    await letter("A passkey was added");

    // Nobody is signed in any more, and wrong passwords have locked the address.
    await call(page, "POST", "/api/auth/logout", {});
    assert.equal((await me(page)).status, 401);
    for (let tries = 0; tries < 5; tries += 1) await signIn(page, "Wrong-1890");
    assert.equal((await signIn(page, PASSWORD)).status, 423);
    const credential = await assertion(page);
    const inside = await withPasskey(page, credential);
    assert.equal(inside.status, 200, JSON.stringify(inside.body));
    assert.ok(inside.body.tokens.accessToken && inside.body.user.email === EMAIL);
    assert.equal((await me(page)).status, 200, "by the cookie alone");
    const [used] = (await call(page, "GET", "/api/auth/passkeys")).body.passkeys;
    assert.ok(used.lastUsedAt);

    // What went over the wire once opens nothing a second time.
    await call(page, "POST", "/api/auth/logout", {});
    assert.equal((await withPasskey(page, credential)).status, 401);
    // Who is not recognised by the device, and a page of another site, get no answer from the browser.
    await device.say("setUserVerified", { isUserVerified: false });
    assert.equal(await assertion(page), "NotAllowedError");
    await device.say("setUserVerified", { isUserVerified: true });
    const { body } = await call(page, "POST", "/api/auth/passkeys/login/options", {});
    await page.goto(url.replace("localhost", "127.0.0.1"));
    assert.equal(await ask(page, "get", body), "SecurityError");
    await page.goto(url);

    assert.equal((await withPasskey(page, await assertion(page))).status, 200);
    assert.equal((await call(page, "DELETE", `/api/auth/passkeys/${used.id}`, {})).status, 200);
    await letter("A passkey was removed");
    assert.equal((await withPasskey(page, await assertion(page))).status, 401, "the device still has it, the account does not");
  },

  async "passkey-after-password"(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    await authenticator(page);
    await addPasskey(page, "Key");
    const { secret } = (await call(page, "POST", "/api/auth/mfa/setup", {})).body;
    assert.equal((await call(page, "POST", "/api/auth/mfa/verify", { code: oneTimeCode(secret) })).status, 200);
    await call(page, "POST", "/api/auth/logout", {});
    const half = await signIn(page, PASSWORD);
    assert.deepEqual([half.body.requireMfa, half.body.mfaMethods], [true, ["totp", "passkey"]]);
    assert.equal((await signIn(page, PASSWORD, { passkey: await assertion(page) })).status, 200);
    assert.equal((await me(page)).status, 200);
  },
};
