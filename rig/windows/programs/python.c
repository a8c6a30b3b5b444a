/* python.exe: what the wheel has is the library alone. */
#include <windows.h>
int Py_Main(int, wchar_t **);
int wmain(int argc, wchar_t **argv) { return Py_Main(argc, argv); }
