#!/usr/bin/env node
/** Entry: residua train | score | evaluate | models. */
import { runProgram } from "./cli/program.js";

process.exitCode = await runProgram(process.argv.slice(2));
