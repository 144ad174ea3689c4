// What the scenarios share: the browser, calls as a frontend makes them, letters, and a look at pages.
// Arguments: SCENARIO URL ELSEWHERE ISSUER MAIL SHOTS MODULES
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What to play; the platform; a page of another origin; an issuer of identities, or `-`. */
export const [scenario, url, elsewhere, issuer] = process.argv.slice(2);
const [mail, shots, modules] = process.argv.slice(6);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

export const EMAIL = "tendai@example.org";
export const PASSWORD = "Mutupo-1890";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
/** Longest wait for anything a page should do, in milliseconds. */
const PATIENCE = 20_000;

/** Plays with a browser of its own, which ends with the play. */
export async function withBrowser(play) {
  const profile = await mkdtemp(join(tmpdir(), "dzinza-browser-"));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS, env: { ...process.env, HOME: profile } });
  try {
    await play(browser);
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** A page, with what the browser complains about. */
export async function open(browser, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => /Content.Security.Policy|Refused/i.test(message.text()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

/** Calls the API from a page of its origin, as a frontend does. */
export async function call(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const headers = body ? { "content-type": "application/json" } : {};
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: await response.json(), retryAfter: response.headers.get("retry-after") };
  }, [method, path, body]);
}

export const signUp = (page) => call(page, "POST", "/api/auth/register", { name: "Tendai Moyo", email: EMAIL, password: PASSWORD, preferredLanguage: "en" });
export const signIn = (page, password, more = {}) => call(page, "POST", "/api/auth/login", { email: EMAIL, password, ...more });
export const me = (page) => call(page, "GET", "/api/auth/me");

/** The HTML of the letter with this in it. */
export async function letter(part) {
  for (let tries = 0; tries < 300; tries += 1) {
    for (const file of (await readdir(mail)).filter((name) => name.endsWith(".eml"))) {
      const text = await readFile(join(mail, file), "utf8");
      if (text.includes(part)) {
        const html = text.slice(text.indexOf("<!doctype html>"), text.indexOf("</html>"));
        return html.replaceAll("&#x2f;", "/");
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no letter with ${part}`);
}

/** Pictures narrow and wide, light and dark; nothing sticks out, and all text can be read. */
export async function inspect(page, name) {
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
