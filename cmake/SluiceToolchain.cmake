# Language, warnings and sanitizers of every target: one place.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(sluice_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(SLUICE_WERROR)
  target_compile_options(sluice_options INTERFACE -Werror)
endif()
target_link_options(sluice_options INTERFACE -fuse-ld=lld)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # Debian's own hardening, and the symbols a profile needs (DWARF 4: valgrind 3.19 cannot read what clang writes by default).
  target_compile_options(sluice_options INTERFACE -g1 -gdwarf-4 -fstack-protector-strong -D_FORTIFY_SOURCE=2)
  target_link_options(sluice_options INTERFACE -Wl,-z,relro -Wl,-z,now)
  # ThinLTO: a request crosses eight folders, each a library.
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  target_link_options(sluice_options INTERFACE
    -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto-cache)
else()
  target_compile_definitions(sluice_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE
    -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_FUZZ)
  # The libraries are instrumented, the targets of fuzz/ link the engine.
  target_compile_options(sluice_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
