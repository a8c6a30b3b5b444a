@echo off
rem Start the program of this folder on Windows, with a Python that has what it needs: server\scripts\broker.cmd --help
setlocal
rem With these of a person Python waits at its end or imports what lies about.
set PYTHONINSPECT=
set PYTHONPATH=
set PYTHONHOME=
if defined BROKER_PYTHON goto named
for %%P in (py.exe) do if not "%%~$PATH:P"=="" goto launcher
for %%P in (python.exe) do if not "%%~$PATH:P"=="" goto python
echo broker: Python is missing. Install Python 3.11 or later (winget install Python.Python.3.13) and run this again. 1>&2
exit /b 1
rem A line that starts Python is read once and ends this file, with its code: a sync may replace it meanwhile.
:named
"%BROKER_PYTHON%" -I -B "%~dp0bootstrap.py" %* & goto :eof
:launcher
py -3 -I -B "%~dp0bootstrap.py" %* & goto :eof
:python
python -I -B "%~dp0bootstrap.py" %* & goto :eof
