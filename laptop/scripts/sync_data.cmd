@echo off
rem Bring this folder to the broker's newest generation of data: server\scripts\sync_data.cmd --help
"%~dp0broker.cmd" sync %*
