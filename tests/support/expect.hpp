#pragma once

#include <doctest/doctest.h>

#include <string>

namespace glia::test {

/// Whether this program was built with the address sanitizer.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool address_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool address_sanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool address_sanitizer = false;
#endif

/// Whether it was built with the thread sanitizer, whose programs cannot go on after a fork().
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitizer = false;
#endif

/// The message of the exception that a call must throw; fails the test if it throws none or another
/// type.
template <class Exception, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  FAIL_CHECK("expected an exception");
  return {};
}

/// True if the text holds every part.
template <class... Parts>
bool holds(const std::string& text, const Parts&... parts) {
  return ((text.find(parts) != std::string::npos) && ...);
}

}  // namespace glia::test
