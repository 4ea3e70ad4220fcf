#pragma once
/// What is to be made of a CRS file, before anything is written: objects with the fields of the admin API, and the lines of the
/// report that belong to them.

#include <boost/json/object.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/crs_import.hpp"
#include "admin/crs_import_cipher.hpp"
#include "base/secret.hpp"

namespace sluice::admin {

struct CrsObject {
  boost::json::object fields;      // of the admin API, with its credential
  std::vector<std::string> pools;  // of accounts and keys
  std::optional<Sha256> hash;      // of a key's secret
  std::string owner;               // name of a user, of keys
  WallTime created;                // epoch: not told
  std::size_t line = 0;            // of the report
};

/// An account of CRS, carried or not: keys may be bound to it.
struct CrsAccountOrigin {
  std::string name;      // here if it is carried, there if not
  std::string platform;  // "claude", "openai", "gemini"
  bool carried = false;
  std::size_t index = 0;  // in `accounts`
};

struct CrsPlan {
  /// Both outlive it.
  CrsPlan(const CrsOptions& asked_for, CrsReport& told_in)
      : options(asked_for), report(told_in), cipher(asked_for.encryption_key) {}

  const CrsOptions& options;
  CrsReport& report;
  CrsCipher cipher;
  std::vector<CrsObject> accounts;
  std::vector<CrsObject> keys;
  std::map<std::string, CrsAccountOrigin, std::less<>> origins;  // by CRS id
  std::map<std::string, std::string, std::less<>> groups;        // CRS id of a group -> a pool
  std::multimap<std::string, std::string, std::less<>> grouped;  // CRS id of an account -> a pool
  std::map<std::string, std::string, std::less<>> pools;         // name -> note
  std::map<std::string, bool, std::less<>> users;                // name -> whether it is active
  std::set<std::string> unknown;
  bool any_opened = false;       // a value of CRS opened with the encryption key
  bool any_left_sealed = false;  // one didn't
  bool any_peppered = false;     // a key is known by SHA-256(key + encryption key)

  /// `wanted`, or "wanted-2" where it is taken.
  [[nodiscard]] std::string unique_name(std::string_view kind, std::string wanted);
  /// The pool "only NAME" of one account, made when it is first asked for.
  [[nodiscard]] std::string pool_of_account(const std::string& name);

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> names_;
  std::map<std::string, std::string, std::less<>> pools_of_accounts_;
};

/// Each reads its part of `data`: groups, then accounts, which belong to them, then keys, which are bound to both.
void plan_crs_groups(const boost::json::object& data, CrsPlan& plan);
void plan_crs_accounts(const boost::json::object& data, CrsPlan& plan);
void plan_crs_keys(const boost::json::object& data, CrsPlan& plan);
void plan_crs_people(const boost::json::object& data, CrsPlan& plan);

/// The objects of a section; anything else in it is a line of the report.
[[nodiscard]] std::vector<const boost::json::object*> crs_records(const boost::json::object& data,
                                                                  std::string_view section,
                                                                  CrsReport& report);
/// "socks5h://user:password@host:1080" of CRS's {type, host, port, username, password}; empty where there is none.
[[nodiscard]] Secret crs_proxy(const boost::json::value& proxy, std::vector<std::string>& remarks);

}  // namespace sluice::admin
