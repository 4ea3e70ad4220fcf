#pragma once
/// A file as claude-relay-service's scripts write it, made up by us: Redis hashes, so every value is a text. Encrypted values were
/// made with node's crypto module under `crs_encryption_key`.

#include <string_view>

namespace sluice::admin::testing {

inline constexpr std::string_view crs_encryption_key = "a CRS key of thirty-two letters!";
/// The key "everything" of the file, as its client knows it.
inline constexpr std::string_view crs_client_key = "cr_0123456789abcdef";

inline constexpr std::string_view crs_file = R"json({
  "metadata": {"version": "2.0", "exportDate": "2026-11-20T10:00:00.000Z", "sanitized": false, "decrypted": true, "types": ["all"]},
  "data": {
    "apiKeys": [
      {"id": "11111111-0000-4000-8000-000000000001", "name": "everything", "description": "of the team\nin Berlin",
       "apiKey": "e94e64c6cf7a86fb678c6f06a1624d8673c9b9565077d93952ae9e352b6e7e77",
       "tokenLimit": "100000", "concurrencyLimit": "5", "rateLimitWindow": "60", "rateLimitRequests": "100", "rateLimitCost": "2.5",
       "isActive": "true", "claudeAccountId": "", "claudeConsoleAccountId": "", "geminiAccountId": "", "openaiAccountId": "",
       "azureOpenaiAccountId": "", "bedrockAccountId": "", "vertexAccountId": "", "droidAccountId": "",
       "permissions": "[\"claude\",\"openai\"]", "enableModelRestriction": "true",
       "restrictedModels": "[\"claude-opus-4-1-20250805\"]", "enableClientRestriction": "true",
       "allowedClients": "[\"claude_code\",\"codex_cli\"]", "dailyCostLimit": "10", "totalCostLimit": "0",
       "weeklyOpusCostLimit": "0", "tags": "[\"team-a\",\"ci\"]", "activationDays": "30", "activationUnit": "days",
       "expirationMode": "activation", "isActivated": "false", "activatedAt": "", "createdAt": "2026-01-02T03:04:05.678Z",
       "lastUsedAt": "", "expiresAt": "", "createdBy": "admin", "userId": "u1", "userUsername": "alice", "icon": "",
       "serviceRates": "{}", "weeklyResetDay": "1", "weeklyResetHour": "0",
       "usageStats": {"total": {"totalRequests": "5"}, "daily": {"2026-11-19": {}, "2026-11-20": {}}, "models": {"m": {}}}},
      {"id": "11111111-0000-4000-8000-000000000002", "name": "plain",
       "apiKey": "3f1c5a8de2b94c07a6d1e0f293847561aabbccddeeff00112233445566778899"
      },
      {"id": "11111111-0000-4000-8000-000000000003", "name": "legacy", "apiKey": "cr_written_by_hand_00000000001", "isActive": "true",
       "permissions": "all", "expiresAt": "2027-01-31T00:00:00.000Z", "expirationMode": "fixed", "isActivated": "true",
       "totalCostLimit": "100", "weeklyOpusCostLimit": "5"},
      {"id": "11111111-0000-4000-8000-000000000004", "name": "bound", "isActive": "true",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a4",
       "permissions": "[]", "claudeConsoleAccountId": "22222222-0000-4000-8000-000000000001",
       "openaiAccountId": "responses:22222222-0000-4000-8000-000000000003"},
      {"id": "11111111-0000-4000-8000-000000000005", "name": "of a login", "isActive": "true",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a5",
       "permissions": "claude", "claudeAccountId": "22222222-0000-4000-8000-000000000008"},
      {"id": "11111111-0000-4000-8000-000000000006", "name": "of a group", "isActive": "true",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a6",
       "permissions": "claude,gemini", "claudeAccountId": "group:33333333-0000-4000-8000-000000000001",
       "geminiAccountId": "api:22222222-0000-4000-8000-000000000005"},
      {"id": "11111111-0000-4000-8000-000000000007", "name": "droid only", "isActive": "true",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a7", "permissions": "[\"droid\"]"},
      {"id": "11111111-0000-4000-8000-000000000008", "name": "gone", "isActive": "true", "isDeleted": "true",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a8"},
      {"id": "11111111-0000-4000-8000-000000000009", "name": "bound", "isActive": "false", "newField": "1",
       "apiKey": "00000000000000000000000000000000000000000000000000000000000000a9"},
      "no object"
    ],
    "claudeConsoleAccounts": [
      {"id": "22222222-0000-4000-8000-000000000001", "platform": "claude-console", "name": "console", "description": "",
       "apiUrl": "https://api.anthropic.com/v1/messages",
       "apiKey": "000102030405060708090a0b0c0d0e0f:51637422514d65e6fb5084c9d7d0ae637716895227ee7b27bcc83095f73121de",
       "priority": "20", "supportedModels": "{\"claude-sonnet-4-5\":\"claude-sonnet-4-5\",\"sonnet\":\"claude-sonnet-4-5\"}",
       "userAgent": "claude-cli/1.0.69 (external, cli)", "rateLimitDuration": "60",
       "proxy": "{\"type\":\"socks5\",\"host\":\"127.0.0.1\",\"port\":1080,\"username\":\"u@x\",\"password\":\"p:w\"}",
       "isActive": "true", "accountType": "shared", "schedulable": "true", "dailyQuota": "20", "quotaResetTime": "00:00",
       "maxConcurrentTasks": "3", "subscriptionExpiresAt": "2027-02-01T00:00:00.000Z", "status": "active"}
    ],
    "ccrAccounts": [
      {"id": "22222222-0000-4000-8000-000000000002", "name": "router", "apiUrl": "https://router.example/",
       "apiKey": "000102030405060708090a0b0c0d0e0f:9b89f15124757847ed9883a9b0b01758f6f73b1f5e7ada209bf56185abbf2450",
       "accountType": "dedicated", "isActive": "true", "supportedModels": "[]"}
    ],
    "openaiResponsesAccounts": [
      {"id": "22222222-0000-4000-8000-000000000003", "name": "responses", "baseApi": "https://api.openai.com/v1",
       "apiKey": "000102030405060708090a0b0c0d0e0f:c96478d2314d7b28e10f6e7edd3db26fa4b87e56157128c3bdb8ca43bcfab3a6",
       "isActive": "true", "schedulable": "false"}
    ],
    "azureOpenaiAccounts": [
      {"id": "22222222-0000-4000-8000-000000000004", "name": "azure", "azureEndpoint": "https://mine.openai.azure.com",
       "deploymentName": "gpt-5", "apiVersion": "2024-10-21", "isActive": "true",
       "apiKey": "000102030405060708090a0b0c0d0e0f:84caedf2379e15d9c77fcdea6417ab2d660cfc4e48c1e482e2980341aee56f7d",
       "supportedModels": "[\"gpt-5\"]"}
    ],
    "geminiApiAccounts": [
      {"id": "22222222-0000-4000-8000-000000000005", "name": "gemini", "baseUrl": "https://generativelanguage.googleapis.com",
       "apiKey": "000102030405060708090a0b0c0d0e0f:febbcef989e3be6655e571e44eb86ea6f1c10fc6ed38241d927643665a2b99ee",
       "accountType": "group", "isActive": "true"}
    ],
    "bedrockAccounts": [
      {"id": "22222222-0000-4000-8000-000000000006", "name": "bedrock", "region": "eu-central-1", "isActive": true,
       "accountType": "shared", "credentialType": "access_key", "type": "bedrock",
       "awsCredentials": {"iv": "000102030405060708090a0b0c0d0e0f",
         "encrypted": "9f81b33a233632953efc25ba54cc0b8fe0bac5365be7d9ab6fa223d44de81507c2e1d531ecd76d758485b069a84e3ee03f8e05e7ddb110210b50492732a9b78f"}},
      {"id": "22222222-0000-4000-8000-000000000007", "name": "bedrock key", "region": "us-east-1", "isActive": true,
       "credentialType": "bearer_token", "bearerToken": "bedrock-canary-token-0123456789"}
    ],
    "claudeAccounts": [
      {"id": "22222222-0000-4000-8000-000000000008", "name": "my Max", "claudeAiOauth": {"accessToken": "canary-oauth"},
       "accessToken": "canary-access", "refreshToken": "canary-refresh", "email": "me@example.com"}
    ],
    "geminiAccounts": [{"id": "22222222-0000-4000-8000-000000000009", "name": "my Gemini", "refreshToken": "canary-refresh"}],
    "openaiAccounts": [{"id": "22222222-0000-4000-8000-00000000000a", "name": "my Codex", "refreshToken": "canary-refresh"}],
    "droidAccounts": [{"id": "22222222-0000-4000-8000-00000000000b", "name": "droid"}],
    "vertexAccounts": [{"id": "22222222-0000-4000-8000-00000000000c", "name": "vertex"}],
    "accountGroups": [
      {"id": "33333333-0000-4000-8000-000000000001", "name": "fast", "platform": "claude", "description": "the fast ones",
       "members": ["22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000005"]}
    ],
    "admins": [{"id": "a1", "username": "root", "password": "$2b$10$canary"}],
    "users": [{"id": "u2", "username": "bob", "isActive": true}, {"id": "u3", "username": "eve", "isActive": false}],
    "somethingNew": [{}, {}],
    "globalModelStats": {"daily": {"2026-11-20": {}}, "monthly": {}, "hourly": {}}
  }
})json";

}  // namespace sluice::admin::testing
