#include "net/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>

namespace sluice::net {
namespace {

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS failure";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

std::unexpected<Error> bad_file(const std::string& file, const std::string& what) {
  return fail(Errc::invalid_config, Side::gateway, file + ": " + what + " (" + last_error() + ")");
}

void set_common_modes(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read(2) a record instead of two: header and body together.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

constexpr unsigned char http11_protocol[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned int in_length, void* /*argument*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, http11_protocol, sizeof http11_protocol, in,
                            in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void TlsDeleter::operator()(SSL* session) const { SSL_free(session); }
void TlsDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsDeleter::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::load(
    const std::string& certificate_file, const std::string& key_file) {
  auto server = std::make_shared<TlsServerContext>();
  server->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = server->context_.get();
  if (context == nullptr) return fail(Errc::internal, Side::gateway, last_error());
  set_common_modes(context);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return bad_file(certificate_file, "no usable PEM certificate chain");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_file(key_file, "no usable PEM private key");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return bad_file(key_file, "the key does not belong to the certificate");
  }
  static constexpr unsigned char id[] = "sluice";
  SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return server;
}

TlsSession TlsServerContext::accept(int fd) const {
  TlsSession session(SSL_new(context_.get()));
  if (session && SSL_set_fd(session.get(), fd) == 1) {
    SSL_set_accept_state(session.get());
    return session;
  }
  return nullptr;
}

/// The newest session of each server, offered until a newer one takes its place: providers accept a ticket more than once,
/// and a burst of new connections needs one each. A server that does not makes a full handshake of it.
struct TlsClientContext::Sessions {
  static constexpr std::size_t names_max = 1024;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<SSL_SESSION, TlsDeleter>, std::less<>> by_name;

  static int keep(SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<Sessions*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto* name = static_cast<const char*>(SSL_get_app_data(ssl));
    if (self == nullptr || name == nullptr) return 0;
    const std::lock_guard lock(self->mutex);
    const auto found = self->by_name.find(name);
    if (found == self->by_name.end()) return 0;
    found->second.reset(session);
    return 1;  // we took the reference
  }
};

TlsClientContext::~TlsClientContext() {
  // Connections may live on, and OpenSSL's context with them; their tickets find nobody then.
  if (context_) SSL_CTX_set_app_data(context_.get(), nullptr);
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::create(const std::string& ca_file,
                                                                   Trust trust) {
  std::shared_ptr<TlsClientContext> client(new TlsClientContext);
  client->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = client->context_.get();
  if (context == nullptr) return fail(Errc::internal, Side::gateway, last_error());
  set_common_modes(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  bool loaded = true;
  if (ca_file.empty() || trust == Trust::file_and_system) {
    loaded = SSL_CTX_set_default_verify_paths(context) == 1;
  }
  if (loaded && !ca_file.empty()) {
    loaded = SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1;
  }
  if (!loaded) {
    return bad_file(ca_file.empty() ? "system trust store" : ca_file, "no usable authorities");
  }
  SSL_CTX_set_alpn_protos(context, http11_protocol, sizeof http11_protocol);
  client->sessions_ = std::make_unique<Sessions>();
  SSL_CTX_set_app_data(context, client->sessions_.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, &Sessions::keep);
  return client;
}

bool TlsClientContext::prepare(SSL* session, const std::string& host,
                               const std::string& resumption_name) const {
  in6_addr address{};
  const bool literal = ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
                       ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
  // Without the name in it, any certificate of any host would do: no connection rather than that one.
  const bool bound = literal
                         ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1
                         : !host.empty() && SSL_set_tlsext_host_name(session, host.c_str()) == 1 &&
                               SSL_set1_host(session, host.c_str()) == 1;
  if (!bound) return false;
  const std::string& name = resumption_name.empty() ? host : resumption_name;
  {
    const std::lock_guard lock(sessions_->mutex);
    auto found = sessions_->by_name.find(name);
    if (found == sessions_->by_name.end() && sessions_->by_name.size() < Sessions::names_max) {
      found = sessions_->by_name.try_emplace(name).first;
    }
    if (found != sessions_->by_name.end()) {
      // Entries are never erased, so the connection may keep the address of the name.
      SSL_set_app_data(session, const_cast<char*>(found->first.c_str()));
      if (found->second) SSL_set_session(session, found->second.get());
    }
  }
  SSL_set_connect_state(session);
  return true;
}

TlsSession TlsClientContext::connect(int fd, const std::string& host,
                                     const std::string& resumption_name) const {
  TlsSession session(SSL_new(context_.get()));
  if (!session || SSL_set_fd(session.get(), fd) != 1) return nullptr;
  if (!prepare(session.get(), host, resumption_name)) return nullptr;
  return session;
}

TlsSession TlsClientContext::connect_within(TlsSession outer, const std::string& host,
                                            const std::string& resumption_name) const {
  TlsSession session(SSL_new(context_.get()));
  BIO* const carrier = BIO_new(BIO_f_ssl());
  if (!session || carrier == nullptr) {
    BIO_free(carrier);
    return nullptr;
  }
  BIO_set_ssl(carrier, outer.release(), BIO_CLOSE);
  // One reference for both directions.
  SSL_set_bio(session.get(), carrier, carrier);
  if (!prepare(session.get(), host, resumption_name)) return nullptr;
  return session;
}

std::string tls_failure(const TlsSession& session) {
  if (session) {
    const long verified = SSL_get_verify_result(session.get());
    if (verified != X509_V_OK) {
      ERR_clear_error();
      return std::string("certificate not accepted: ") + X509_verify_cert_error_string(verified);
    }
  }
  return last_error();
}

}  // namespace sluice::net
