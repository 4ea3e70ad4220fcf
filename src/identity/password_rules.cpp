// check_password(): what makes a password too easy to guess.

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.hpp"
#include "identity/password.hpp"

namespace sluice::identity {
namespace {

/// What people write when twelve characters are asked for. From public lists of leaked passwords, those of 12 and more.
constexpr auto commonest = std::to_array<std::string_view>({
    "0123456789ab",
    "1234567890qw",
    "12345678910a",
    "123456789abc",
    "123456789qwe",
    "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u8i",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "administrator",
    "adminadmin123",
    "administrator1",
    "changeme1234",
    "changemechangeme",
    "changemenow1",
    "charlie12345",
    "correcthorsebatterystaple",
    "defaultpassword",
    "football1234",
    "iloveyou1234",
    "iloveyouforever",
    "letmein12345",
    "letmeinletmein",
    "liverpool123",
    "manchester1",
    "mypassword12",
    "mypassword123",
    "p@ssw0rd1234",
    "p@ssw0rdp@ssw0rd",
    "passw0rd1234",
    "passw0rdpassw0rd",
    "password1234",
    "password12345",
    "password123456",
    "password123!",
    "password1234!",
    "password@123",
    "password@1234",
    "passwordpassword",
    "princess1234",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiop[]",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop1",
    "rootrootroot",
    "secretsecret",
    "secretpassword",
    "superadmin123",
    "supersecret1",
    "supersecret123",
    "superman1234",
    "testtesttest",
    "thisisapassword",
    "trustno1trustno1",
    "unbelievable",
    "welcome12345",
    "welcomewelcome",
    "whatever1234",
    "zaq12wsxcde3",
});

/// Code points, as people count; each stray byte counts too.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// "aaaaaaaaaaaa", "abcabcabcabc".
bool repeats_itself(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 3; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

/// "123456789012", "lkjihgfedcba": each character the next one or the one before; 0 follows 9.
bool counts_on(std::string_view text) {
  const auto steps_by = [&](int step) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      const bool wraps = (step == 1 && text[i - 1] == '9' && text[i] == '0') ||
                         (step == -1 && text[i - 1] == '0' && text[i] == '9');
      if (text[i] != text[i - 1] + step && !wraps) return false;
    }
    return true;
  };
  return steps_by(1) || steps_by(-1);
}

/// Little is left when a word that anybody knows is taken out.
bool is_mostly(std::string_view text, std::string_view word) {
  constexpr std::size_t own_part_min = 8;
  if (word.size() < 3) return false;
  std::size_t own_part = 0;
  bool found = false;
  for (auto at = text.find(word);; at = text.find(word)) {
    own_part += characters(text.substr(0, at));
    if (at == std::string_view::npos) return found && own_part < own_part_min;
    found = true;
    text.remove_prefix(at + word.size());
  }
}

std::unexpected<Error> refused(std::string why) {
  return fail(Errc::invalid_request, Side::client, std::move(why));
}

}  // namespace

Status check_password(const Secret& password, std::string_view user_name) {
  if (characters(password.reveal()) < password_characters_min) {
    return refused("a password has at least " + std::to_string(password_characters_min) +
                   " characters; a few words in a row are easy to remember");
  }
  if (password.reveal().size() > password_bytes_max) {
    return refused("a password has at most " + std::to_string(password_bytes_max) + " bytes");
  }
  const Secret folded(ascii::to_lower(password.reveal()));
  const std::string_view text = folded.reveal();
  if (std::ranges::find(commonest, text) != commonest.end() || repeats_itself(text) ||
      counts_on(text)) {
    return refused("this password is among the first that anybody would try: choose another");
  }
  if (is_mostly(text, ascii::to_lower(user_name)) || is_mostly(text, "sluice") ||
      is_mostly(text, "password")) {
    return refused("this password is little more than a name that anybody knows: choose another");
  }
  return {};
}

}  // namespace sluice::identity
