# SPDX-License-Identifier: Apache-2.0
# Libraries from the distribution, one imported target each: PkgConfig::NAME.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(dep IN ITEMS
    "ZMQ libzmq>=4.3.4"
    "SODIUM libsodium>=1.0.18"
    "PROTOBUF_C libprotobuf-c>=1.4"
    "ZSTD libzstd>=1.4"
    "YAML yaml-0.1"
    "ARCHIVE libarchive>=3.6"
    "LZMA liblzma>=5.2"
    "SQLITE sqlite3>=3.40"
    "JANSSON jansson>=2.13"
    "ULFIUS libulfius>=2.7"
    "YDER libyder"
    "ORCANIA liborcania"
    "MICROHTTPD libmicrohttpd"
    "CURL libcurl>=7.80")
  string(REPLACE " " ";" pair ${dep})
  list(GET pair 0 prefix)
  list(GET pair 1 module)
  pkg_check_modules(${prefix} REQUIRED QUIET IMPORTED_TARGET ${module})
endforeach()
if(HIVECAST_TESTS)
  pkg_check_modules(CMOCKA REQUIRED QUIET IMPORTED_TARGET cmocka>=1.1)
endif()
