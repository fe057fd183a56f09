// A call must throw Exception, and the message must hold each of the words.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace twofold {

template <typename Exception, typename Call>
void expect_throw(Call&& call, std::initializer_list<std::string_view> words) {
  try {
    call();
  } catch (const Exception& e) {
    const std::string message = e.what();
    for (const std::string_view word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks " << word;
    }
    return;
  }
  ADD_FAILURE() << "nothing was thrown";
}

}  // namespace twofold
