// What a page of another origin can do with a browser that is signed in here. That page is at another port of the same host:
// of the same site, so that the cookie goes with its requests and only the checks of the server are left.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { EMAIL, call, elsewhere, me, open, signUp, url } from "./stage.mjs";

/** Sends a request from the page; answers its status, `opaque`, or the name of the error. */
function send(page, path, options) {
  return page.evaluate(async ([to, options]) => {
    try {
      const response = await fetch(to, { credentials: "include", ...options });
      return response.type === "opaque" ? "opaque" : response.status;
    } catch (error) {
      return error.name;
    }
  }, [url + path, options]);
}

/** What the network saw of a page, which is more than the page is shown. */
async function wire(page) {
  const devtools = await page.context().newCDPSession(page);
  const seen = new Map();
  const note = ({ requestId }, what) => seen.set(requestId, { ...seen.get(requestId), ...what });
  devtools.on("Network.requestWillBeSent", (event) => note(event, { call: `${event.request.method} ${event.request.url}` }));
  devtools.on("Network.requestWillBeSentExtraInfo", (event) => note(event, { cookie: /access_token_cookie=/.test(event.headers.Cookie ?? event.headers.cookie) }));
  devtools.on("Network.responseReceivedExtraInfo", (event) => note(event, { status: event.statusCode }));
  await devtools.send("Network.enable");
  /** The answer to a request, and whether the cookie went with it. */
  return async (method, path) => {
    for (let tries = 0; tries < 200; tries += 1) {
      const found = [...seen.values()].find(({ call, status, cookie }) => call === `${method} ${url}${path}` && status && cookie !== undefined);
      if (found) return { status: found.status, cookie: found.cookie };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${method} ${path} was not answered: ${JSON.stringify([...seen.values()])}`);
  };
}

async function play(browser) {
  const page = await open(browser);
  await page.goto(url);
  await signUp(page);
  const foreign = await page.context().newPage();
  await foreign.goto(elsewhere);
  const answer = await wire(foreign);

  // It reads nothing, though the cookie is sent.
  assert.equal(await send(foreign, "/api/auth/me", {}), "TypeError");
  assert.deepEqual(await answer("GET", "/api/auth/me"), { status: 200, cookie: true });
  // It changes nothing, neither with what goes out without asking, nor with what is asked about first.
  const plain = { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: "{}" };
  for (const path of ["/api/auth/logout-all", "/api/auth/deactivate", "/api/family-trees", "/api/auth/tokens"]) {
    assert.equal(await send(foreign, path, plain), "opaque");
    const { status, cookie } = await answer("POST", path);
    assert.ok(cookie && [403, 415].includes(status), `${path}: ${status}`);
  }
  const json = { headers: { "content-type": "application/json" }, body: JSON.stringify({ firstName: "Eve" }) };
  for (const method of ["PATCH", "PUT", "DELETE"]) {
    assert.equal(await send(foreign, "/api/auth/profile", { method, ...json }), "TypeError");
  }
  // Nor with a form, which takes the whole page along.
  const posted = foreign.waitForResponse(`${url}/api/auth/logout-all`);
  await foreign.evaluate((action) => {
    const form = document.body.appendChild(Object.assign(document.createElement("form"), { action, method: "post" }));
    form.submit();
  }, `${url}/api/auth/logout-all`);
  assert.ok([403, 415].includes((await posted).status()));
  const kept = (await me(page)).body.user;
  assert.deepEqual([kept.email, kept.firstName], [EMAIL, "Tendai"]);
  assert.equal((await call(page, "GET", "/api/auth/tokens")).body.tokens.length, 0);

  // It puts no page of ours into a frame, to have it clicked.
  await foreign.goto(elsewhere);
  const refused = foreign.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
  await foreign.evaluate((src) => void document.body.appendChild(Object.assign(document.createElement("iframe"), { src })), url);
  await refused;
  assert.equal((await call(page, "POST", "/api/auth/logout", {})).status, 200, "the page of ours may");
  assert.equal((await me(page)).status, 401);
}

export default {
  async "another-origin"(browser) {
    const pages = createServer((_, response) => response.setHeader("content-type", "text/html").end("<h1>Elsewhere</h1>"));
    pages.listen(Number(new URL(elsewhere).port), "127.0.0.1");
    try {
      await play(browser);
    } finally {
      pages.close();
      pages.closeAllConnections();
    }
  },
};
