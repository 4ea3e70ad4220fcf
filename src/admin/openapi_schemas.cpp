#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "admin/openapi.hpp"
#include "base/error.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

// Written by hand, as people read it. A field of a request may be null: that is its default.

constexpr std::string_view common_schemas = R"json({
"Error": {"type": "object", "required": ["error"], "additionalProperties": false,
  "properties": {"error": {"type": "object", "required": ["code", "message", "field"], "additionalProperties": false, "properties": {
    "code": {"type": "string", "pattern": "^[a-z_]+$"},
    "message": {"type": "string", "description": "For people"},
    "field": {"type": ["string", "null"], "description": "The field at fault, as in `limits.requests`"}}}},
  "examples": [{"error": {"code": "invalid_request", "message": "must be a number in a window such as \"60/1m\" (s, m, h, d)", "field": "limits.requests"}}]},
"Id": {"type": "string", "pattern": "^([0-9A-HJKMNP-TV-Z]{26}|declared:.+|implicit:.+)$", "description": "A ULID; of what the configuration file declares, `declared:NAME`; of a pool that is only named, `implicit:NAME`"},
"Name": {"type": "string", "minLength": 1, "maxLength": 64},
"Time": {"type": "string", "format": "date-time"},
"TimeOrNone": {"anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}]},
"Hint": {"type": "string", "pattern": "^(\\.\\.\\..{4})?$", "description": "How a secret ends"},
"Rate": {"type": ["string", "null"], "pattern": "^[0-9]+/[0-9]+[smhd]$", "description": "So many in a window", "examples": ["60/1m"]},
"Usd": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,9})?$"}]},
"Role": {"enum": ["admin", "operator", "viewer", "member"]},
"Limits": {"type": "object", "additionalProperties": false, "properties": {
  "concurrency": {"type": ["integer", "null"], "minimum": 0, "description": "0: no cap"},
  "requests": {"$ref": "#/components/schemas/Rate"}, "input_tokens": {"$ref": "#/components/schemas/Rate"},
  "output_tokens": {"$ref": "#/components/schemas/Rate"}, "total_tokens": {"$ref": "#/components/schemas/Rate"}}},
"Budgets": {"type": "object", "description": "US dollars by window: day, week, month, total, or a rolling one such as 5h",
  "propertyNames": {"pattern": "^(day|week|month|total|[0-9]+[smhd])$"},
  "additionalProperties": {"$ref": "#/components/schemas/Usd"}, "examples": [{"day": 10, "5h": 2.5}]},
"BudgetChanges": {"type": ["object", "null"], "description": "As Budgets; null takes a window out",
  "additionalProperties": {"anyOf": [{"$ref": "#/components/schemas/Usd"}, {"type": "null"}]}},
"Texts": {"type": "array", "items": {"type": "string"}},
"TextsOrNull": {"type": ["array", "null"], "items": {"type": "string"}},
"Owner": {"type": ["object", "null"], "required": ["id", "name"], "additionalProperties": false, "properties": {"id": {"$ref": "#/components/schemas/Id"}, "name": {"type": "string"}}},
"State": {"enum": ["active", "disabled", "expired", "removed"]},
"Secrets": {"type": "array", "description": "Those that work: several while one is rotated", "items": {"type": "object", "required": ["hint", "created", "valid_until"], "additionalProperties": false,
  "properties": {"hint": {"$ref": "#/components/schemas/Hint"}, "created": {"type": ["string", "null"], "format": "date-time"}, "valid_until": {"type": ["string", "null"], "format": "date-time"}}}},
"NextCursor": {"type": ["string", "null"], "description": "null: this was the last page"},
"Object": {"type": "object", "required": ["id", "name", "version", "created", "updated"], "properties": {
  "id": {"$ref": "#/components/schemas/Id"}, "name": {"$ref": "#/components/schemas/Name"},
  "version": {"type": "integer", "minimum": 0}, "created": {"type": ["string", "null"], "format": "date-time"},
  "updated": {"type": ["string", "null"], "format": "date-time"}, "removed": {"type": ["string", "null"], "format": "date-time", "description": "Of removed ones"},
  "declared": {"type": "boolean", "description": "In the configuration file: shown here, changed there"}}}
})json";

constexpr std::string_view account_schemas = R"json({
"OAuth2": {"type": "object", "additionalProperties": false, "properties": {
  "token_url": {"type": "string"}, "client_id": {"type": "string"},
  "client_secret": {"type": ["string", "null"], "writeOnly": true}, "refresh_token": {"type": ["string", "null"], "writeOnly": true},
  "scopes": {"$ref": "#/components/schemas/TextsOrNull"}, "client_auth": {"enum": ["basic", "post", "none", null]}}},
"CredentialFields": {"type": ["object", "null"], "additionalProperties": false, "writeOnly": true, "maxProperties": 1, "description": "One of them",
  "properties": {"api_key": {"type": "string"}, "bearer_token": {"type": "string"}, "oauth2": {"$ref": "#/components/schemas/OAuth2"}},
  "examples": [{"api_key": "sk-ant-..."}]},
"Credential": {"type": "object", "required": ["kind"], "additionalProperties": false, "description": "What of it isn't secret", "properties": {
  "kind": {"enum": ["none", "api_key", "bearer_token", "oauth2"]}, "token_url": {"type": "string"}, "client_id": {"type": "string"},
  "scopes": {"$ref": "#/components/schemas/Texts"}, "client_auth": {"enum": ["basic", "post", "none"]}, "secret_hint": {"$ref": "#/components/schemas/Hint"}}},
"ActiveHours": {"type": "object", "additionalProperties": false, "description": "A time that ends before it begins runs past midnight",
  "properties": {"days": {"type": "array", "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}},
  "from": {"type": "string"}, "to": {"type": "string"}}, "examples": [{"days": ["mon", "tue"], "from": "22:00", "to": "06:00"}]},
"CoolingChanges": {"type": ["object", "null"], "additionalProperties": false,
  "description": "How long it rests by each rule, where other than usual: \"0\", or a number of s, m, h or d; null takes it back", "properties": {
  "unreachable": {"type": ["string", "null"]}, "server_error": {"type": ["string", "null"]}, "rate_limited": {"type": ["string", "null"]}, "overloaded": {"type": ["string", "null"]},
  "quota": {"type": ["string", "null"]}, "forbidden": {"type": ["string", "null"]}, "unauthorized": {"type": ["string", "null"]}, "model_missing": {"type": ["string", "null"]}}, "examples": [{"rate_limited": "30s", "overloaded": "0"}]},
"Cooling": {"type": "object", "additionalProperties": false, "properties": {
  "unreachable": {"type": "string"}, "server_error": {"type": "string"}, "rate_limited": {"type": "string"}, "overloaded": {"type": "string"},
  "quota": {"type": "string"}, "forbidden": {"type": "string"}, "unauthorized": {"type": "string"}, "model_missing": {"type": "string"}}},
"AccountFields": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"$ref": "#/components/schemas/Name"}, "provider": {"type": "string"}, "base_url": {"type": ["string", "null"]},
  "credential": {"$ref": "#/components/schemas/CredentialFields"},
  "priority": {"type": ["integer", "null"], "description": "Lower first"}, "weight": {"type": ["integer", "null"]},
  "max_concurrency": {"type": ["integer", "null"], "minimum": 0, "description": "0: no cap"},
  "models": {"$ref": "#/components/schemas/TextsOrNull"}, "model_map": {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}},
  "pools": {"$ref": "#/components/schemas/TextsOrNull"}, "cooling": {"$ref": "#/components/schemas/CoolingChanges"},
  "proxy": {"type": ["string", "null"], "writeOnly": true},
  "ca_file": {"type": ["string", "null"]}, "note": {"type": ["string", "null"]}, "expires": {"type": ["string", "null"]},
  "limits": {"anyOf": [{"$ref": "#/components/schemas/Limits"}, {"type": "null"}]}, "budgets": {"$ref": "#/components/schemas/BudgetChanges"},
  "connect_timeout_ms": {"type": ["integer", "null"]}, "first_byte_timeout_ms": {"type": ["integer", "null"]}, "idle_timeout_ms": {"type": ["integer", "null"]},
  "active_hours": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/ActiveHours"}},
  "time_zone": {"type": ["string", "null"]}, "disabled": {"type": ["boolean", "null"]}},
  "examples": [{"name": "anthropic-main", "provider": "anthropic", "credential": {"api_key": "sk-ant-..."}, "models": ["claude-*"]}]},
"Account": {"allOf": [{"$ref": "#/components/schemas/Object"}], "unevaluatedProperties": false, "type": "object",
  "required": ["provider", "base_url", "credential", "priority", "weight", "max_concurrency", "models", "model_map", "pools", "limits", "budgets", "disabled"],
  "properties": {
  "provider": {"type": "string"}, "base_url": {"type": "string"},
  "credential": {"$ref": "#/components/schemas/Credential"},
  "priority": {"type": "integer"}, "weight": {"type": "integer"}, "max_concurrency": {"type": "integer"},
  "models": {"$ref": "#/components/schemas/Texts"}, "model_map": {"type": "object", "additionalProperties": {"type": "string"}},
  "pools": {"$ref": "#/components/schemas/Texts"}, "cooling": {"$ref": "#/components/schemas/Cooling"},
  "proxy": {"type": "string", "description": "Without its user and password"}, "ca_file": {"type": "string"}, "note": {"type": "string"},
  "expires": {"$ref": "#/components/schemas/TimeOrNone"}, "limits": {"$ref": "#/components/schemas/Limits"}, "budgets": {"$ref": "#/components/schemas/Budgets"},
  "connect_timeout_ms": {"type": "integer"}, "first_byte_timeout_ms": {"type": "integer"}, "idle_timeout_ms": {"type": "integer"},
  "active_hours": {"type": "array", "items": {"$ref": "#/components/schemas/ActiveHours"}}, "time_zone": {"type": "string"},
  "disabled": {"type": "boolean"}, "state": {"enum": ["active", "cooling", "unauthorized", "blocked", "disabled", "expired", "removed"]},
  "state_reason": {"type": "string", "description": "What the provider or its authorization server said"},
  "state_until": {"type": ["string", "null"], "format": "date-time", "description": "null: well, or until someone acts"},
  "in_flight": {"type": ["integer", "null"], "description": "Requests that run now; null, as the figures below, while no server uses the account"},
  "first_event_ms": {"type": ["integer", "null"], "description": "Time to the first event, smoothed"},
  "slow": {"type": ["boolean", "null"], "description": "Much slower than its peers: conversations leave it"},
  "error_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "Of the last 30 s, by attempts"},
  "attempts": {"type": ["integer", "null"], "description": "Since the servers started"}, "failures": {"type": ["integer", "null"]},
  "cache_hit_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "Share of the requests whose prompt the provider read from its cache"},
  "cache_saved_tokens": {"type": ["integer", "null"], "description": "What that saved, in input tokens of the full price"},
  "rests": {"type": "array", "items": {"$ref": "#/components/schemas/AccountRest"}}}},
"AccountRest": {"type": "object", "required": ["model", "state", "rule", "reason", "since", "until"], "additionalProperties": false,
  "description": "A pause of an account, or of one model on it", "properties": {
  "model": {"type": "string", "description": "Empty: the whole account"}, "state": {"enum": ["cooling", "unauthorized", "blocked"]},
  "rule": {"enum": ["unreachable", "server_error", "rate_limited", "overloaded", "quota", "forbidden", "unauthorized", "model_missing"]},
  "reason": {"type": "string"}, "since": {"type": "string", "format": "date-time"},
  "until": {"type": ["string", "null"], "format": "date-time", "description": "null: until someone acts"}}},
"AccountPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Account"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
"AccountTest": {"type": "object", "required": ["ok", "steps"], "additionalProperties": false, "properties": {
  "ok": {"type": "boolean"}, "steps": {"type": "array", "items": {"type": "object", "required": ["step", "ok", "message"], "additionalProperties": false,
    "properties": {"step": {"type": "string"}, "ok": {"type": "boolean"}, "message": {"type": "string"}}}}},
  "examples": [{"ok": false, "steps": [{"step": "dns", "ok": false, "message": "the name does not resolve"}]}]}
})json";

constexpr std::string_view key_schemas = R"json({
"Clients": {"type": "object", "additionalProperties": false, "properties": {
  "cidrs": {"$ref": "#/components/schemas/TextsOrNull"}, "user_agents": {"$ref": "#/components/schemas/TextsOrNull"}}},
"KeyFields": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"$ref": "#/components/schemas/Name"}, "owner": {"type": ["string", "null"], "description": "Id or name of a user"},
  "secret": {"type": "string", "writeOnly": true, "description": "When created: one that stands already, instead of a new one"},
  "sha256": {"type": "string", "writeOnly": true, "pattern": "^[0-9a-fA-F]{64}$", "description": "When created: of one that stands already"},
  "pools": {"$ref": "#/components/schemas/TextsOrNull"}, "accounts": {"$ref": "#/components/schemas/TextsOrNull"},
  "weight": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000, "description": "Its share where requests wait for an account"},
  "models": {"$ref": "#/components/schemas/TextsOrNull"}, "dialects": {"$ref": "#/components/schemas/TextsOrNull"},
  "clients": {"anyOf": [{"$ref": "#/components/schemas/Clients"}, {"type": "null"}]},
  "limits": {"anyOf": [{"$ref": "#/components/schemas/Limits"}, {"type": "null"}]}, "budgets": {"$ref": "#/components/schemas/BudgetChanges"},
  "expires": {"type": ["string", "null"], "examples": ["2027-01-31T00:00:00Z", "30d after first use"]},
  "time_zone": {"type": ["string", "null"]}, "tags": {"$ref": "#/components/schemas/TextsOrNull"}, "note": {"type": ["string", "null"]},
  "disabled": {"type": ["boolean", "null"]}},
  "examples": [{"name": "ci", "limits": {"requests": "60/1m"}, "budgets": {"day": 10}}]},
"Key": {"allOf": [{"$ref": "#/components/schemas/Object"}], "unevaluatedProperties": false, "type": "object",
  "required": ["owner", "pools", "accounts", "weight", "models", "dialects", "clients", "limits", "budgets", "expires", "time_zone", "tags", "note", "disabled"],
  "properties": {
  "owner": {"$ref": "#/components/schemas/Owner"}, "state": {"$ref": "#/components/schemas/State"},
  "secret_hint": {"$ref": "#/components/schemas/Hint"}, "secrets": {"$ref": "#/components/schemas/Secrets"},
  "pools": {"$ref": "#/components/schemas/Texts"}, "accounts": {"$ref": "#/components/schemas/Texts"}, "weight": {"type": "integer"},
  "models": {"$ref": "#/components/schemas/Texts"},
  "dialects": {"$ref": "#/components/schemas/Texts"}, "clients": {"$ref": "#/components/schemas/Clients"},
  "limits": {"$ref": "#/components/schemas/Limits"}, "budgets": {"$ref": "#/components/schemas/Budgets"},
  "expires": {"type": "string"}, "first_used": {"type": ["string", "null"], "format": "date-time"}, "last_used": {"type": ["string", "null"], "format": "date-time"},
  "time_zone": {"type": "string"}, "tags": {"$ref": "#/components/schemas/Texts"}, "note": {"type": "string"}, "disabled": {"type": "boolean"},
  "secret": {"type": "string", "description": "Of a new one, once"}}},
"NewKey": {"$ref": "#/components/schemas/Key"},
"KeyPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
"PoolFields": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"$ref": "#/components/schemas/Name"}, "note": {"type": ["string", "null"]},
  "limits": {"anyOf": [{"$ref": "#/components/schemas/Limits"}, {"type": "null"}]}, "budgets": {"$ref": "#/components/schemas/BudgetChanges"}},
  "examples": [{"name": "default", "budgets": {"month": 500}}]},
"Pool": {"allOf": [{"$ref": "#/components/schemas/Object"}], "unevaluatedProperties": false, "type": "object", "required": ["note", "limits", "budgets"],
  "properties": {"note": {"type": "string"}, "limits": {"$ref": "#/components/schemas/Limits"}, "budgets": {"$ref": "#/components/schemas/Budgets"},
  "implicit": {"type": "boolean", "description": "Named by accounts and keys, described by nobody yet"},
  "accounts": {"type": "integer", "description": "How many are in it"}, "keys": {"type": "integer", "description": "How many may use it"}}},
"PoolPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Pool"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
"Rotation": {"type": "object", "additionalProperties": false, "properties": {
  "grace": {"type": ["string", "null"], "pattern": "^[0-9]+[smhd]$", "description": "How long the old secret works on; none where it isn't said"}},
  "examples": [{"grace": "1h"}]}
})json";

constexpr std::string_view people_schemas = R"json({
"Credentials": {"type": "object", "required": ["user", "password"], "additionalProperties": false, "properties": {
  "user": {"type": "string"}, "password": {"type": "string", "format": "password", "writeOnly": true},
  "code": {"type": ["string", "null"], "description": "Of the second factor, or a recovery code"}},
  "examples": [{"user": "ada", "password": "correct horse battery staple"}]},
"SetUp": {"type": "object", "required": ["token", "user", "password"], "additionalProperties": false, "properties": {
  "token": {"type": "string", "writeOnly": true, "description": "What stands behind # in the set-up link"}, "user": {"$ref": "#/components/schemas/Name"},
  "password": {"type": "string", "format": "password", "writeOnly": true, "minLength": 12}}},
"Session": {"type": "object", "additionalProperties": false, "required": ["actor", "name", "user", "role", "scopes", "second_factor"], "properties": {
  "actor": {"type": "string", "pattern": "^(user|token):.+$"}, "name": {"type": "string"}, "user": {"type": ["string", "null"]},
  "role": {"$ref": "#/components/schemas/Role"}, "scopes": {"$ref": "#/components/schemas/Texts"}, "second_factor": {"type": "boolean"},
  "csrf_token": {"type": "string", "description": "For x-csrf-token; only of a session"}, "expires": {"type": "string", "format": "date-time"}},
  "examples": [{"actor": "user:01JD8Q3S7C5V2W1X0Y9Z8A7B6C", "name": "ada", "user": "01JD8Q3S7C5V2W1X0Y9Z8A7B6C", "role": "admin", "scopes": ["*"], "second_factor": false, "csrf_token": "lTq...", "expires": "2026-11-25T00:00:00Z"}]},
"PasswordChange": {"type": "object", "required": ["password", "new_password"], "additionalProperties": false, "properties": {
  "password": {"type": "string", "format": "password", "writeOnly": true}, "new_password": {"type": "string", "format": "password", "writeOnly": true, "minLength": 12}}},
"PasswordConfirmation": {"type": "object", "required": ["password"], "additionalProperties": false, "properties": {
  "password": {"type": "string", "format": "password", "writeOnly": true}}},
"TotpOffer": {"type": "object", "required": ["secret", "url"], "additionalProperties": false, "properties": {
  "secret": {"type": "string", "pattern": "^[A-Z2-7]{32}$"}, "url": {"type": "string", "pattern": "^otpauth://totp/"}}},
"TotpCode": {"type": "object", "required": ["code"], "additionalProperties": false, "properties": {"code": {"type": "string"}}, "examples": [{"code": "123456"}]},
"RecoveryCodes": {"type": "object", "required": ["recovery_codes"], "additionalProperties": false, "properties": {
  "recovery_codes": {"type": "array", "items": {"type": "string"}, "description": "Shown this once"}}},
"UserFields": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"$ref": "#/components/schemas/Name"}, "role": {"anyOf": [{"$ref": "#/components/schemas/Role"}, {"type": "null"}]},
  "email": {"type": ["string", "null"]}, "note": {"type": ["string", "null"]}, "disabled": {"type": ["boolean", "null"]},
  "password": {"type": ["string", "null"], "format": "password", "writeOnly": true, "minLength": 12, "description": "When created; without it one is made up"}},
  "examples": [{"name": "bob", "role": "operator"}]},
"User": {"allOf": [{"$ref": "#/components/schemas/Object"}], "unevaluatedProperties": false, "type": "object", "required": ["role", "email", "note", "disabled"],
  "properties": {"role": {"$ref": "#/components/schemas/Role"}, "email": {"type": "string"}, "note": {"type": "string"}, "disabled": {"type": "boolean"},
  "totp": {"type": "boolean", "description": "Has a second factor"}, "state": {"$ref": "#/components/schemas/State"}, "password": {"type": "string", "description": "Made up, once; to be changed"}}},
"NewUser": {"$ref": "#/components/schemas/User"},
"UserPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
"PasswordReset": {"type": "object", "additionalProperties": false, "properties": {
  "password": {"type": ["string", "null"], "format": "password", "writeOnly": true, "description": "Without it one is made up"}}},
"TokenFields": {"type": "object", "additionalProperties": false, "properties": {
  "name": {"$ref": "#/components/schemas/Name"}, "role": {"anyOf": [{"$ref": "#/components/schemas/Role"}, {"type": "null"}]},
  "scopes": {"type": ["array", "null"], "items": {"type": "string", "pattern": "^(\\*|read|write|[a-z]+:(read|write))$"}},
  "expires": {"type": ["string", "null"]}, "note": {"type": ["string", "null"]}, "disabled": {"type": ["boolean", "null"]}},
  "examples": [{"name": "deploy", "role": "operator", "scopes": ["keys:read", "keys:write"]}]},
"Token": {"allOf": [{"$ref": "#/components/schemas/Object"}], "unevaluatedProperties": false, "type": "object", "required": ["role", "scopes", "expires", "note", "disabled"],
  "properties": {"owner": {"$ref": "#/components/schemas/Owner"}, "state": {"$ref": "#/components/schemas/State"}, "role": {"$ref": "#/components/schemas/Role"}, "scopes": {"$ref": "#/components/schemas/Texts"},
  "expires": {"$ref": "#/components/schemas/TimeOrNone"}, "note": {"type": "string"}, "disabled": {"type": "boolean"},
  "secret_hint": {"$ref": "#/components/schemas/Hint"}, "secrets": {"$ref": "#/components/schemas/Secrets"}, "secret": {"type": "string", "description": "Of a new one, once"}}},
"NewToken": {"$ref": "#/components/schemas/Token"},
"TokenPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}}
})json";

constexpr std::string_view fact_schemas = R"json({
"AuditEntry": {"type": "object", "additionalProperties": false,
  "required": ["id", "at", "actor", "actor_name", "peer", "action", "kind", "object", "object_name", "before", "after"], "properties": {
  "id": {"$ref": "#/components/schemas/Id"}, "at": {"$ref": "#/components/schemas/Time"}, "actor": {"type": "string"}, "actor_name": {"type": "string"},
  "peer": {"type": "string", "description": "An address; empty of the command line"}, "action": {"type": "string"},
  "kind": {"type": "string"}, "object": {"type": "string"}, "object_name": {"type": "string"},
  "before": {"type": ["object", "null"]}, "after": {"type": ["object", "null"]}}},
"AuditPage": {"type": "object", "required": ["items", "next_cursor"], "additionalProperties": false, "properties": {
  "items": {"type": "array", "items": {"$ref": "#/components/schemas/AuditEntry"}}, "next_cursor": {"$ref": "#/components/schemas/NextCursor"}}},
"Settings": {"type": "object", "description": "By section and key, as in the configuration file; secrets as hints", "additionalProperties": {"type": "object"}},
"Health": {"type": "object", "additionalProperties": false, "required": ["version", "store", "revision", "accounts", "keys"], "properties": {
  "version": {"type": "string"}, "commit": {"type": "string"}, "uptime_seconds": {"type": "integer"}, "draining": {"type": "boolean"},
  "store": {"type": "string", "description": "Where it is, without a password"}, "revision": {"type": "integer", "description": "Of the store's configuration in effect"},
  "accounts": {"type": "integer"}, "keys": {"type": "integer"}, "in_flight": {"type": "integer", "description": "Requests of clients"}}}
})json";

constexpr std::string_view other_components = R"json({
"parameters": {
  "Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "description": "Id or name; of removed ones the id"},
  "IfMatch": {"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"}, "description": "The version that is changed, in quotes, as ETag gave it", "example": "\"3\""},
  "CsrfToken": {"name": "x-csrf-token", "in": "header", "schema": {"type": "string"}, "description": "`csrf_token` of the session; not asked of admin tokens"},
  "Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
  "Cursor": {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "`next_cursor` of the page before"},
  "Text": {"name": "q", "in": "query", "schema": {"type": "string"}, "description": "Only those whose name contains this"},
  "Removed": {"name": "removed", "in": "query", "schema": {"enum": ["0", "1"]}, "description": "1: removed ones as well"},
  "AuditKind": {"name": "kind", "in": "query", "schema": {"type": "string"}},
  "AuditObject": {"name": "object", "in": "query", "schema": {"type": "string"}, "description": "An id"},
  "AuditActor": {"name": "actor", "in": "query", "schema": {"type": "string"}, "example": "user:01JD8Q3S7C5V2W1X0Y9Z8A7B6C"}},
"headers": {
  "ETag": {"schema": {"type": "string"}, "description": "The version, for If-Match"},
  "Location": {"schema": {"type": "string"}, "description": "Where the new object is"},
  "SetCookie": {"schema": {"type": "string"}, "description": "The session: `__Host-sluice` under TLS, else `sluice`; HttpOnly, SameSite=Strict"},
  "RetryAfter": {"schema": {"type": "integer"}, "description": "Seconds"}},
"securitySchemes": {
  "sessionTls": {"type": "apiKey", "in": "cookie", "name": "__Host-sluice", "description": "From POST /session, over TLS; writes also need x-csrf-token"},
  "session": {"type": "apiKey", "in": "cookie", "name": "sluice", "description": "The same without TLS"},
  "token": {"type": "http", "scheme": "bearer", "description": "An admin token, from POST /tokens"}}
})json";

void take(json::object& into, std::string_view text) {
  for (auto& member : json::parse(text).get_object())
    into[member.key()] = std::move(member.value());
}

std::string_view meaning_of(Errc code) {
  switch (code) {
    case Errc::invalid_request: return "The request isn't as it must be; `field` names what";
    case Errc::not_signed_in: return "No credential, or one that isn't good";
    case Errc::not_allowed: return "Who calls may not do this, or the CSRF token is missing";
    case Errc::not_found: return "There is no such object";
    case Errc::already_exists: return "The name is taken, or the configuration file declares it";
    case Errc::version_conflict: return "Somebody was faster: read it again";
    case Errc::version_missing: return "If-Match is missing";
    case Errc::body_too_large: return "More than 1 MiB";
    case Errc::request_timeout: return "The body came too slowly";
    case Errc::rate_limited: return "Too many attempts; retry-after says when to come again";
    case Errc::store_unavailable:
      return "The store is busy or can't be reached, or too many requests wait";
    default: return "Something went wrong here; the log tells what";
  }
}

json::object responses() {
  json::object all;
  for (const Errc code :
       {Errc::invalid_request, Errc::not_signed_in, Errc::not_allowed, Errc::not_found,
        Errc::already_exists, Errc::version_conflict, Errc::version_missing, Errc::body_too_large,
        Errc::request_timeout, Errc::rate_limited, Errc::internal, Errc::store_unavailable}) {
    json::object response{
        {"description", meaning_of(code)},
        {"content",
         {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
    if (code == Errc::rate_limited) {
      response["headers"] = {{"retry-after", {{"$ref", "#/components/headers/RetryAfter"}}}};
    }
    all[to_string(code)] = std::move(response);
  }
  return all;
}

}  // namespace

json::object openapi_components() {
  json::object schemas;
  for (const std::string_view text :
       {common_schemas, account_schemas, key_schemas, people_schemas, fact_schemas}) {
    take(schemas, text);
  }
  json::object components{{"schemas", std::move(schemas)}, {"responses", responses()}};
  take(components, other_components);
  return components;
}

}  // namespace sluice::admin
