// Every header after the macros of widespread headers: Qt, <complex.h>, curses and term.h,
// windows.h, <sys/sysmacros.h>. What glia includes itself comes first, since it does not stand them
// either.
#include "foreign_headers.hpp"

// clang-format off
#define I           a macro of complex.h
#define complex     a macro of complex.h
#define imaginary   a macro of complex.h
#define emit        a macro of Qt
#define forever      a macro of Qt
#define foreach     a macro of Qt
#define signals     a macro of Qt
#define slots       a macro of Qt
#define near        a macro of windows.h
#define far         a macro of windows.h
#define small       a macro of windows.h
#define hyper       a macro of windows.h
#define interface   a macro of windows.h
#define IN          a macro of windows.h
#define OUT         a macro of windows.h
#define ERROR       a macro of windows.h
#define OPTIONAL    a macro of windows.h
#define min(a, b)   a macro of windows.h
#define max(a, b)   a macro of windows.h
#define columns     a macro of term.h
#define lines       a macro of term.h
#define tab         a macro of term.h
#define bell        a macro of term.h
#define newline     a macro of term.h
#define pulse       a macro of term.h
#define tone        a macro of term.h
#define buttons     a macro of term.h
#define border(...) a macro of curses.h
#define scroll(w)   a macro of curses.h
#define timeout(t)  a macro of curses.h
#define major(d)    a macro of sysmacros.h
#define minor(d)    a macro of sysmacros.h
#define unix        1
#define linux       1
// clang-format on

#include "all_headers.hpp"
