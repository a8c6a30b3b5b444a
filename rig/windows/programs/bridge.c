/* NAME.exe: runs the program NAME of the Linux outside, with its exit code. Wine gives no handle of such a process:
   files say when it ended and what it wrote. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
static void put(const wchar_t *path, const char *what, int size) {
    DWORD n; HANDLE f = CreateFileW(path, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0);
    WriteFile(f, what, size, &n, 0); CloseHandle(f);
}
int wmain(int argc, wchar_t **argv) {
    wchar_t own[MAX_PATH], dir[MAX_PATH], path[MAX_PATH], line[2 * MAX_PATH];
    static char args[1 << 16], piece[1 << 16]; int size = 0; DWORD n, m;
    GetModuleFileNameW(0, own, MAX_PATH);
    swprintf(dir, MAX_PATH, L"Z:\\tmp\\bridge-%lu-%lu", GetCurrentProcessId(), GetTickCount());
    CreateDirectoryW(dir, 0);
    for (int i = 0; i < argc; i++) {
        size += WideCharToMultiByte(CP_UTF8, 0, i ? argv[i] : own, -1, args + size, sizeof args - size, 0, 0);
        args[size - 1] = '\n';
    }
    swprintf(path, MAX_PATH, L"%ls\\args", dir); put(path, args, size);
    wcscpy(path, own); wcscpy(wcsrchr(path, L'\\') + 1, L"bridge.sh");
    for (wchar_t *c = path; *c; c++) if (*c == L'\\') *c = L'/';
    wchar_t unix_dir[MAX_PATH]; wcscpy(unix_dir, dir + 2);
    for (wchar_t *c = unix_dir; *c; c++) if (*c == L'\\') *c = L'/';
    swprintf(line, 2 * MAX_PATH, L"sh \"%ls\" %ls", path + 2, unix_dir);
    swprintf(path, MAX_PATH, L"%ls\\in", dir);
    HANDLE f = CreateFileW(path, GENERIC_WRITE, 7, 0, CREATE_ALWAYS, 0, 0);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), piece, sizeof piece, &n, 0) && n) WriteFile(f, piece, n, &m, 0);
    CloseHandle(f);
    STARTUPINFOW start = {sizeof start}; PROCESS_INFORMATION info;
    if (!CreateProcessW(L"Z:\\bin\\sh", line, 0, 0, FALSE, 0, 0, 0, &start, &info)) return 126;
    swprintf(path, MAX_PATH, L"%ls\\code", dir);
    wchar_t out[MAX_PATH]; swprintf(out, MAX_PATH, L"%ls\\out", dir);
    HANDLE o = INVALID_HANDLE_VALUE, c;
    do {
        c = CreateFileW(path, GENERIC_READ, 7, 0, OPEN_EXISTING, 0, 0);
        if (o == INVALID_HANDLE_VALUE) o = CreateFileW(out, GENERIC_READ, 7, 0, OPEN_EXISTING, 0, 0);
        while (o != INVALID_HANDLE_VALUE && ReadFile(o, piece, sizeof piece, &n, 0) && n)
            WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), piece, n, &m, 0);
        if (c == INVALID_HANDLE_VALUE) Sleep(5);
    } while (c == INVALID_HANDLE_VALUE);
    f = c;
    char code[16] = {0}; ReadFile(f, code, 15, &n, 0); CloseHandle(f);
    swprintf(path, MAX_PATH, L"%ls\\err", dir);
    f = CreateFileW(path, GENERIC_READ, 7, 0, OPEN_EXISTING, 0, 0);
    while (f != INVALID_HANDLE_VALUE && ReadFile(f, piece, sizeof piece, &n, 0) && n)
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), piece, n, &m, 0);
    return atoi(code);
}
