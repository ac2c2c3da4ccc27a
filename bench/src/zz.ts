import { startServer } from "./server-process.ts";
import { drive } from "./load.ts";
import { RawConnection, rawRequest } from "./raw-http.ts";
import fs from "node:fs";
fs.rmSync("/tmp/zzd",{recursive:true,force:true});
const server=await startServer("/tmp/zzd");
const c=await RawConnection.connect(server.port);
const reqs:Buffer[]=[];
for(let i=0;i<256;i++){const threadId=`thr_z${i}`,runId=`run_z${i}`;const a=await c.send(rawRequest("POST","/v1/thread-events",{key:server.key,body:JSON.stringify({threadId,runId,type:"run_started",payload:{}})}));if(a.status!==200)throw new Error(a.body.toString());
reqs.push(rawRequest("POST","/v1/thread-events",{key:server.key,body:JSON.stringify({threadId,runId,type:"assistant_message",payload:{content:"x".repeat(150),messageId:"m-1"}})}));}
let t=0;const cpu0=process.cpuUsage();const stat=()=>fs.readFileSync(`/proc/${server.pid}/stat`,"utf8").split(" ").slice(13,15).map(Number);const s0=stat();
const r=await drive({port:server.port,connections:64,seconds:Number(process.argv[2]??5),next:()=>reqs[t++%256]!});
const s1=stat();const cpu=process.cpuUsage(cpu0);
console.log("req/s",r.requests/r.seconds,"p50",r.latencies.quantile(.5),"p99",r.latencies.quantile(.99),"server user/sys ticks",s1[0]!-s0[0]!,s1[1]!-s0[1]!,"load cpu s",(cpu.user+cpu.system)/1e6);
const m=await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();console.log(m.split("\n").filter(l=>/^spool_flush/.test(l)).join(" "));
await server.stop();
