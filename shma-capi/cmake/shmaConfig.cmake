# find_package(shma) gives the targets
#   shma::shma    libshma.so, or libshma.a if only that is there
#   shma::static  libshma.a and what it needs
# It works from wherever it is installed: it looks for the library beside its own include/shma.h.

set(_shma_prefix "${CMAKE_CURRENT_LIST_DIR}")
while(NOT EXISTS "${_shma_prefix}/include/shma.h")
  get_filename_component(_shma_above "${_shma_prefix}" DIRECTORY)
  if(_shma_above STREQUAL _shma_prefix)
    set(shma_FOUND FALSE)
    set(shma_NOT_FOUND_MESSAGE "there is no include/shma.h above ${CMAKE_CURRENT_LIST_DIR}")
    return()
  endif()
  set(_shma_prefix "${_shma_above}")
endwhile()

foreach(_shma_dir "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib64 lib)
  foreach(_shma_kind so a)
    if(EXISTS "${_shma_prefix}/${_shma_dir}/libshma.${_shma_kind}")
      set(_shma_${_shma_kind} "${_shma_prefix}/${_shma_dir}/libshma.${_shma_kind}")
    endif()
  endforeach()
endforeach()

if(_shma_a AND NOT TARGET shma::static)
  add_library(shma::static STATIC IMPORTED)
  set_target_properties(shma::static PROPERTIES
    IMPORTED_LOCATION "${_shma_a}"
    IMPORTED_LINK_INTERFACE_LANGUAGES C
    INTERFACE_INCLUDE_DIRECTORIES "${_shma_prefix}/include"
    INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c")
endif()
if(_shma_so AND NOT TARGET shma::shma)
  add_library(shma::shma SHARED IMPORTED)
  set_target_properties(shma::shma PROPERTIES
    IMPORTED_LOCATION "${_shma_so}"
    IMPORTED_SONAME libshma.so.1
    INTERFACE_INCLUDE_DIRECTORIES "${_shma_prefix}/include")
elseif(_shma_a AND NOT TARGET shma::shma)
  add_library(shma::shma INTERFACE IMPORTED)
  set_target_properties(shma::shma PROPERTIES INTERFACE_LINK_LIBRARIES shma::static)
endif()

if(NOT TARGET shma::shma)
  set(shma_FOUND FALSE)
  set(shma_NOT_FOUND_MESSAGE "there is no libshma.so and no libshma.a in ${_shma_prefix}")
endif()
unset(_shma_prefix)
unset(_shma_above)
unset(_shma_dir)
unset(_shma_kind)
unset(_shma_so)
unset(_shma_a)
