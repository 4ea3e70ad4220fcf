#include "admin/api_pages.hpp"

#include <array>
#include <string>

#include "admin/api_answers.hpp"
#include "base/secret.hpp"
#include "base/sodium.hpp"

namespace sluice::admin {
namespace {

constexpr std::string_view page_path = "/setup";
constexpr std::string_view script_path = "/setup.js";

constexpr std::string_view style = R"css(
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:26rem;margin:3rem auto;padding:0 1rem}
label{display:block;margin-top:1rem}
input{display:block;box-sizing:border-box;width:100%;font:inherit;padding:.5rem;margin-top:.25rem}
button{font:inherit;padding:.5rem 1.25rem;margin-top:1.5rem}
[role=alert]{min-height:1.5rem;margin-top:1rem;font-weight:600}
)css";

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>sluice</title>
<style>)html";

constexpr std::string_view body = R"html(</style>
<script src="/setup.js" defer></script>
</head>
<body>
<main>
<h1 data-text="title">Set up sluice</h1>
<p id="intro" data-text="intro">This link creates the first administrator. It works once.</p>
<form id="form" aria-describedby="intro">
<label for="user" data-text="user">User name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required autofocus>
<label for="password" data-text="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="12" maxlength="1024" required aria-describedby="rule">
<p id="rule" data-text="rule">At least 12 characters.</p>
<label for="again" data-text="again">Password, once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="12" maxlength="1024" required>
<button data-text="create">Create</button>
</form>
<p id="told" role="alert"></p>
<noscript>This page needs JavaScript. Or create the user on the command line: sluice user add</noscript>
</main>
</body>
</html>
)html";

constexpr std::string_view script = R"js("use strict";

const words = {
  en: {
    title: "Set up sluice",
    intro: "This link creates the first administrator. It works once.",
    user: "User name",
    password: "Password",
    rule: "At least 12 characters.",
    again: "Password, once more",
    create: "Create",
    different: "The two passwords differ.",
    noToken: "This address lacks its token: open the whole link as the terminal or the log shows it.",
    failed: "sluice can't be reached. Is it running?",
    refused: "Refused: ",
    done: "Done. The administrator exists, and you are signed in.",
  },
  zh: {
    title: "设置 sluice",
    intro: "此链接用于创建第一个管理员，只能使用一次。",
    user: "用户名",
    password: "密码",
    rule: "至少 12 个字符。",
    again: "再次输入密码",
    create: "创建",
    different: "两次输入的密码不一致。",
    noToken: "地址缺少令牌：请打开终端或日志中显示的完整链接。",
    failed: "无法连接 sluice，它在运行吗？",
    refused: "被拒绝：",
    done: "完成。管理员已创建，您已登录。",
  },
};
const language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const text = words[language];
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.title = text.title;
for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = text[element.dataset.text];
}

// The token leaves the address bar and the history at once.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const form = document.getElementById("form");
const told = document.getElementById("told");
if (token === "") told.textContent = text.noToken;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  told.textContent = "";
  if (form.password.value !== form.again.value) {
    told.textContent = text.different;
    form.again.focus();
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/admin/api/v1/setup", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, user: form.user.value, password: form.password.value }),
    });
    if (answer.ok) {
      form.remove();
      document.getElementById("intro").remove();
      told.textContent = text.done;
      return;
    }
    const { error } = await answer.json();
    told.textContent = text.refused + error.message;
    if (error.field === "user" || error.field === "password") form[error.field].focus();
  } catch {
    told.textContent = text.failed;
  }
  button.disabled = false;
});
)js";

std::string base64(const Sha256& digest) {
  need_sodium();
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::array<char, sodium_base64_ENCODED_LEN(std::tuple_size_v<Sha256>, variant)> out{};
  sodium_bin2base64(out.data(), out.size(), digest.data(), digest.size(), variant);
  return out.data();
}

const std::string& page_policy() {
  static const std::string policy =
      "default-src 'none'; script-src 'self'; style-src 'sha256-" + base64(sha256(style)) +
      "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'";
  return policy;
}

}  // namespace

bool is_page(std::string_view path) { return path == page_path || path == script_path; }

ApiResponse page(std::string_view path, bool tls) {
  ApiResponse response;
  response.fields = security_fields(page_policy(), tls);
  if (path == script_path) {
    response.content_type = "text/javascript; charset=utf-8";
    response.body = script;
  } else {
    response.content_type = "text/html; charset=utf-8";
    ((response.body += head) += style) += body;
  }
  return response;
}

}  // namespace sluice::admin
