# Compiles `case` with `compiler` as it stands and as a misuse, and checks what the compiler says.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "|" ";" includes "${includes}")
list(TRANSFORM includes PREPEND -I)
set(compile ${compiler} -std=c++20 -fsyntax-only ${includes})

execute_process(COMMAND ${compile} ${case} RESULT_VARIABLE failed ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "${case} does not compile without GLIA_MISUSE:\n${output}")
endif()

execute_process(COMMAND ${compile} -DGLIA_MISUSE ${case} RESULT_VARIABLE failed
                ERROR_VARIABLE output)
if(NOT failed)
  message(FATAL_ERROR "${case} compiles with GLIA_MISUSE")
endif()

file(STRINGS ${case} expectations REGEX "^// EXPECT: ")
if(NOT expectations)
  message(FATAL_ERROR "${case} has no line `// EXPECT: regex`")
endif()
foreach(expectation IN LISTS expectations)
  string(REGEX REPLACE "^// EXPECT: " "" expectation "${expectation}")
  if(NOT output MATCHES "${expectation}")
    message(FATAL_ERROR "No line of the compiler's output matches `${expectation}`:\n${output}")
  endif()
endforeach()
