# Warnings are errors in glia's own programs; nobody who links glia::glia sees these flags.
add_library(glia_warnings INTERFACE)
target_compile_options(glia_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic
                                               -Werror)
