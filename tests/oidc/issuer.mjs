// A real OpenID Connect issuer on a free port of this machine. Whoever signs in is whom they say: the address is the name.
// Prints "issuer <address>" when it listens. Arguments: client id, client secret, redirect URI.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name", "family_name"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: true, given_name: "Rudo", family_name: "Moyo" }),
    }),
  });
  server.on("request", provider.callback());
  console.log(`issuer ${issuer}`);
});
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit(0));
