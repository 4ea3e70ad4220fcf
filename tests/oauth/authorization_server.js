/// A real authorization server (oidc-provider) on loopback, and what a test wants to know of it.
///
///     const server = await AuthorizationServer.start({ lifetime: 10 });
///     const credential = await server.credential();     // of an account, with a first refresh token
///     server.asked                                      // what came to the token endpoint: [{at, status, ...}]
///     server.before = async (exchange) => {...}         // holds, breaks or replaces an exchange
///
/// Refresh tokens rotate: one that is used twice ends the grant, as RFC 9700 wants it. So a grant that lives on shows
/// that no process ever asked with an old one.

import http from "node:http";

import { Provider } from "oidc-provider";

const secrets = {
  // What Basic must percent-encode, and what only the body carries.
  basic: "client-secret:with+odd/characters%and=more",
  post: "client-secret-of-the-client-that-posts",
};

export class AuthorizationServer {
  static async start({ lifetime = 10 } = {}) {
    const server = new AuthorizationServer();
    const client = (name, method, more = {}) => ({
      client_id: `sluice ${name}`,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://sluice.example/callback"],
      response_types: ["code"],
      token_endpoint_auth_method: method,
      ...more,
    });
    await server.listen(() => {
      server.provider = new Provider(`http://127.0.0.1:${server.port}`, {
        clients: [
          client("basic", "client_secret_basic", { client_secret: secrets.basic }),
          client("post", "client_secret_post", { client_secret: secrets.post }),
          client("none", "none"),
        ],
        cookies: { keys: ["only-for-tests"] },
        features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
        findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
        rotateRefreshToken: true,
        scopes: ["openid", "offline_access", "llm.use"],
        ttl: { AccessToken: lifetime, Grant: 86400, IdToken: 60, RefreshToken: 86400 },
      });
      return server.provider.callback();
    });
    return server;
  }

  constructor() {
    this.asked = [];
    this.issued = new Map(); // access token -> {from, until}, in ms
    this.secrets = new Set(Object.values(secrets)); // all that no log may hold
    this.before = null;
  }

  async listen(makeHandler) {
    this.sockets = new Set();
    this.http = http.createServer((request, response) => this.take(request, response));
    this.http.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    await new Promise((resolve) => this.http.listen(0, "127.0.0.1", resolve));
    this.port = this.http.address().port;
    this.handler = makeHandler();
  }

  /// Every exchange is written down; those at the token endpoint may be held back or changed.
  async take(request, response) {
    const exchange = { at: Date.now(), path: request.url, request, response, status: 0, gone: false };
    response.on("close", () => (exchange.gone = !response.writableFinished));
    if (request.url === "/token") {
      this.asked.push(exchange);
      const end = response.end.bind(response);
      response.end = (body, ...rest) => {
        exchange.status = response.statusCode;
        this.note(exchange, body);
        const send = () => end(body, ...rest);
        Promise.resolve(this.behind?.(exchange)).then(send);
        return response;
      };
      await this.before?.(exchange);
      if (response.writableEnded || response.destroyed || exchange.taken) return;
    }
    this.handler(request, response);
  }

  note(exchange, body) {
    if (exchange.status !== 200 || exchange.taken) return;
    const answer = JSON.parse(String(body));
    exchange.answer = answer;
    this.issued.set(answer.access_token, {
      from: Date.now(),
      until: Date.now() + answer.expires_in * 1000,
    });
    for (const name of ["access_token", "refresh_token"]) this.secrets.add(answer[name]);
  }

  get granted() {
    return this.asked.filter(({ status }) => status === 200);
  }

  /// A credential for an account, from a consent given just now.
  async credential({ auth = "basic", scopes = [] } = {}) {
    const client = await this.provider.Client.find(`sluice ${auth}`);
    const accountId = `operator-${this.secrets.size}`;
    const scope = "openid offline_access llm.use";
    const grant = new this.provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(scope);
    const grantId = await grant.save();
    const token = new this.provider.RefreshToken({
      accountId,
      client,
      expiresWithSession: false,
      grantId,
      gty: "authorization_code",
      scope,
    });
    const refreshToken = await token.save();
    this.secrets.add(refreshToken);
    return {
      oauth2: {
        token_url: `http://127.0.0.1:${this.port}/token`,
        client_id: client.clientId,
        ...(secrets[auth] && { client_secret: secrets[auth] }),
        refresh_token: refreshToken,
        ...(auth === "post" && { client_auth: "post" }),
        ...(scopes.length && { scopes }),
      },
    };
  }

  /// As the owner of the grant would at the server's pages: no token of it is good from now on.
  async revoke() {
    const token = this.granted.at(-1).answer.refresh_token;
    const { grantId } = await this.provider.RefreshToken.find(token);
    await this.provider.RefreshToken.revokeByGrantId(grantId);
    await this.provider.Grant.adapter.destroy(grantId);
  }

  /// Whether a provider that trusts this server would let `token` in now.
  isGood(token) {
    return (this.issued.get(token)?.until ?? 0) > Date.now();
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
