# migrations/NNNN-name.sql as one source file: sluice_migrations(OUT) sets OUT to its path in the build folder.
function(sluice_migrations out)
  set(folder ${CMAKE_SOURCE_DIR}/migrations)
  file(GLOB files RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*.sql)
  list(SORT files)
  set(entries "")
  foreach(file ${files})
    if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])-([a-z0-9-]+)\\.sql$")
      message(FATAL_ERROR "migrations/${file}: the name of a migration is NNNN-name.sql")
    endif()
    set(name ${CMAKE_MATCH_2})
    string(REGEX REPLACE "^0+" "" number ${CMAKE_MATCH_1})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${file})
    file(READ ${folder}/${file} sql)
    string(APPEND entries "    {.number = ${number}, .name = \"${name}\", .sql = R\"sql(${sql})sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/migrations.cpp @ONLY CONTENT
"// Made from migrations/*.sql by cmake/SluiceMigrations.cmake.
#include \"store/migrator.hpp\"

namespace sluice::store {

std::span<const Migration> migrations() {
  static constexpr Migration all[] = {
@entries@  };
  return all;
}

}  // namespace sluice::store
")
  set(${out} ${CMAKE_CURRENT_BINARY_DIR}/migrations.cpp PARENT_SCOPE)
endfunction()
