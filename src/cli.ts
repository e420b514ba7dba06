#!/usr/bin/env node
/** The entry of the command line: residua train | renew | score | evaluate | models | watch | worker. */
import { runProgram } from "./cli/program.js";

process.exitCode = await runProgram(process.argv.slice(2));
