// Scenarios about accounts. Run by main.rs: node accounts.mjs SCENARIO URL FRONTEND MAIL SHOTS MODULES
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [scenario, url, frontend, mail, shots, modules] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const EMAIL = "tendai@example.org";
const PASSWORD = "Mutupo-1890";
const NEW = "Baobab-1897";
/** What links in letters begin with, as the port is not known beforehand. */
const API = "http://127.0.0.1:3001";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

/** A page, with what the browser complains about. */
async function open(browser, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => /Content.Security.Policy|Refused/i.test(message.text()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

/** Calls the API from a page of its origin, as a frontend does. */
async function call(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const headers = body ? { "content-type": "application/json" } : {};
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: await response.json(), retryAfter: response.headers.get("retry-after") };
  }, [method, path, body]);
}

const signUp = (page) => call(page, "POST", "/api/auth/register", { name: "Tendai Moyo", email: EMAIL, password: PASSWORD, preferredLanguage: "en" });
const signIn = (page, password) => call(page, "POST", "/api/auth/login", { email: EMAIL, password });
const me = (page) => call(page, "GET", "/api/auth/me");

/** The HTML of the letter with this in it, its links to this server. */
async function letter(part) {
  for (let tries = 0; tries < 300; tries += 1) {
    for (const file of (await readdir(mail)).filter((name) => name.endsWith(".eml"))) {
      const text = await readFile(join(mail, file), "utf8");
      if (text.includes(part)) {
        const html = text.slice(text.indexOf("<!doctype html>"), text.indexOf("</html>"));
        return html.replaceAll("&#x2f;", "/").replaceAll(API, url);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no letter with ${part}`);
}

/** Pictures narrow and wide, light and dark; nothing sticks out, and all text can be read. */
async function inspect(page, name) {
  for (const [width, size] of [[320, "narrow"], [1280, "wide"]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height: 720 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(shots, `${name}-${size}-${colorScheme}.png`) });
      const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.ok(!sticksOut, `${name} is wider than ${width}`);
      for (const [text, ratio] of await page.evaluate(contrasts)) {
        assert.ok(ratio >= 4.5, `${name} ${colorScheme}: contrast ${ratio.toFixed(2)} of ${text}`);
      }
    }
  }
}

/** The contrast (WCAG 2.2, 1.4.3) of every text of the page. Runs in the page. */
function contrasts() {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgb(colour).slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // What the browser paints behind a page that has no colour of its own.
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const blank = getComputedStyle(probe).backgroundColor;
  probe.remove();
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] > 0) return colour;
    }
    return blank;
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join(" ").trim();
    if (text) {
      const [one, two] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
      found.push([text, (one + 0.05) / (two + 0.05)]);
    }
  }
  return found;
}

const scenarios = {
  async "signing-up"(browser) {
    const page = await open(browser);
    await page.goto(url);
    const answer = await signUp(page);
    assert.equal(answer.status, 201);
    assert.ok(answer.body.tokens.accessToken && answer.body.user.email === EMAIL);
    assert.equal((await me(page)).status, 200, "the cookie alone makes a caller");
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees it");
    assert.equal((await signUp(page)).status, 409);

    const other = await open(browser);
    await other.goto(url);
    assert.equal((await me(other)).status, 401);
    for (let tries = 0; tries < 5; tries += 1) {
      const wrong = await signIn(other, "Wrong-1890");
      assert.equal(wrong.status, 401);
      assert.ok(wrong.body.message);
    }
    const locked = await signIn(other, PASSWORD);
    assert.equal(locked.status, 423);
    assert.ok(Number(locked.retryAfter) > 0 && locked.body.message.includes("later"));
    assert.equal((await me(page)).status, 200, "who is signed in stays so");
    assert.equal((await call(page, "POST", "/api/auth/logout", {})).status, 200);
    assert.equal((await me(page)).status, 401);
  },

  async verifying(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    assert.equal((await me(page)).body.user.emailVerified, false);

    const reader = await open(browser, { javaScriptEnabled: false });
    const html = await letter("/api/auth/verify-email/");
    await reader.setContent(html);
    assert.deepEqual(reader.complaints, []);
    await inspect(reader, "letter-welcome");
    await reader.getByRole("link", { name: "Confirm my address" }).click();
    await reader.waitForURL(`${frontend}/login?verified=1`);
    assert.equal((await me(page)).body.user.emailVerified, true);
    await reader.setContent(html);
    await reader.getByRole("link", { name: "Confirm my address" }).click();
    await reader.waitForURL(`${frontend}/login?verified=0`);
  },

  async "forgotten-password"(browser) {
    const page = await open(browser);
    await page.goto(url);
    await signUp(page);
    for (let tries = 0; tries < 5; tries += 1) await signIn(page, "Wrong-1890");
    assert.equal((await signIn(page, PASSWORD)).status, 423);
    const asked = await call(page, "POST", "/api/auth/forgot-password", { email: EMAIL });
    assert.deepEqual(asked, await call(page, "POST", "/api/auth/forgot-password", { email: "nobody@example.org" }));

    const reader = await open(browser, { javaScriptEnabled: false, locale: "sn-ZW" });
    await reader.setContent(await letter("/api/auth/reset-password/"));
    await inspect(reader, "letter-reset");
    const opened = reader.waitForResponse(/reset-password/);
    await reader.getByRole("link", { name: "Choose a new password" }).click();
    const headers = await (await opened).allHeaders();
    assert.equal(headers["content-language"], "sn");
    assert.match(headers["content-security-policy"], /^default-src 'none'; .*style-src 'sha256-/);
    await reader.waitForLoadState();
    assert.equal(await reader.locator("html").getAttribute("lang"), "sn");
    assert.equal(await reader.getByRole("heading", { level: 1 }).textContent(), "Sarudzai pasiwedhi itsva");
    const field = reader.getByLabel("Pasiwedhi itsva");
    const focused = () => field.evaluate((element) => element === document.activeElement);
    assert.ok(await focused(), "whoever types, types the password");
    await inspect(reader, "form");

    await field.fill("mutupo-1890");
    await reader.keyboard.press("Enter");
    await reader.getByRole("alert").waitFor();
    assert.match(await reader.title(), /^Pasiwedhi inofanira/, "the title is read out first");
    const told = await field.evaluate((element) => element.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent));
    assert.match(told[0], /^Pasiwedhi inofanira/);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.ok(await focused());
    await inspect(reader, "form-problem");

    assert.equal((await me(page)).status, 200);
    await field.fill(NEW);
    await reader.keyboard.press("Tab");
    assert.ok(await reader.getByRole("button").evaluate((element) => element === document.activeElement), "the next stop is the button");
    await reader.keyboard.press("Enter");
    await reader.getByRole("heading", { name: "Pasiwedhi yenyu yashandurwa" }).waitFor();
    await inspect(reader, "done");
    assert.deepEqual(reader.complaints, []);

    assert.equal((await me(page)).status, 401, "all sessions have ended");
    assert.equal((await signIn(page, PASSWORD)).status, 401);
    assert.equal((await signIn(page, NEW)).status, 200, "and the lock is lifted");
    await letter("was set anew");
  },
};

// Where confirmed addresses lead.
const pages = createServer((_, response) => response.setHeader("content-type", "text/html").end("<h1>Sign in</h1>"));
pages.listen(Number(new URL(frontend).port), "127.0.0.1");
const profile = await mkdtemp(join(tmpdir(), "dzinza-browser-"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS, env: { ...process.env, HOME: profile } });
try {
  await scenarios[scenario](browser);
} finally {
  await browser.close();
  pages.close();
  await rm(profile, { recursive: true, force: true });
}
