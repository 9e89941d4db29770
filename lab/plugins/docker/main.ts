/** The process of the stand-in for the plugin @pulumi/docker: prints the port that it serves on. */
import { servePlugin } from "../plugin-server.ts";
import { dockerPlugin } from "./server.ts";

servePlugin(dockerPlugin());
